//! The catalog's table, with its index and its expiry.

use crate::catalog::keys::{EXPIRES_AT, PK, SK, WATCH, WATCH_AT, WATCH_INDEX};
use crate::error::{code, from_sdk};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, IndexStatus, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType, TableDescription, TableStatus, TimeToLiveSpecification,
    TimeToLiveStatus,
};
use domain::{Error, Result};
use std::time::Duration;

/// How long a new table may take to become usable: in AWS, some seconds.
const ACTIVE_WITHIN: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn make_table(client: &Client, table: &str) -> Result<()> {
    if describe(client, table).await?.is_none() {
        create(client, table).await?;
    }
    let active = tokio::time::timeout(ACTIVE_WITHIN, wait_until_active(client, table)).await;
    active.map_err(|_| Error::unavailable(format!("the table {table} did not become active in time")))??;
    expire_rows(client, table).await
}

async fn describe(client: &Client, table: &str) -> Result<Option<TableDescription>> {
    match client.describe_table().table_name(table).send().await {
        Ok(found) => Ok(found.table),
        Err(e) if matches!(e.as_service_error(), Some(DescribeTableError::ResourceNotFoundException(_))) => {
            Ok(None)
        }
        Err(e) => Err(from_sdk("dynamodb.DescribeTable", e)),
    }
}

async fn create(client: &Client, table: &str) -> Result<()> {
    let all = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name(WATCH_INDEX)
        .set_key_schema(Some(key_schema(WATCH, WATCH_AT)?))
        .projection(all)
        .build()
        .map_err(inexpressible)?;
    let attributes = [PK, SK, WATCH, WATCH_AT].into_iter().map(|name| {
        let text = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        text.build().map_err(inexpressible)
    });
    let create = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(PK, SK)?))
        .set_attribute_definitions(Some(attributes.collect::<Result<_>>()?))
        .global_secondary_indexes(index);
    match create.send().await {
        Ok(_) => Ok(()),
        // Why this is no error: another process is making it at this moment.
        Err(e) if code(&e) == Some("ResourceInUseException") => Ok(()),
        Err(e) => Err(from_sdk("dynamodb.CreateTable", e)),
    }
}

fn key_schema(partition: &str, sort: &str) -> Result<Vec<KeySchemaElement>> {
    [(partition, KeyType::Hash), (sort, KeyType::Range)]
        .into_iter()
        .map(|(name, key_type)| {
            let element = KeySchemaElement::builder().attribute_name(name).key_type(key_type);
            element.build().map_err(inexpressible)
        })
        .collect()
}

async fn wait_until_active(client: &Client, table: &str) -> Result<()> {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        if let Some(found) = describe(client, table).await? {
            let indexes = found.global_secondary_indexes();
            let Some(index) = indexes.iter().find(|i| i.index_name() == Some(WATCH_INDEX)) else {
                return Err(Error::conflict(format!("there is a table {table} without {WATCH_INDEX}")));
            };
            // Why: some stand-ins leave the index's status out; then the table's counts for both.
            let ready = index.index_status().is_none_or(|s| *s == IndexStatus::Active);
            if ready && found.table_status() == Some(&TableStatus::Active) {
                return Ok(());
            }
        }
    }
}

async fn expire_rows(client: &Client, table: &str) -> Result<()> {
    let described = client.describe_time_to_live().table_name(table).send().await;
    let described = described.map_err(|e| from_sdk("dynamodb.DescribeTimeToLive", e))?;
    let status = described.time_to_live_description().and_then(|d| d.time_to_live_status());
    // Why not always: DynamoDB refuses to switch on what is on.
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let on = TimeToLiveSpecification::builder().attribute_name(EXPIRES_AT).enabled(true).build();
    let on = on.map_err(inexpressible)?;
    let update = client.update_time_to_live().table_name(table).time_to_live_specification(on);
    update.send().await.map(drop).map_err(|e| from_sdk("dynamodb.UpdateTimeToLive", e))
}

fn inexpressible(e: aws_sdk_dynamodb::error::BuildError) -> Error {
    Error::invalid("the table cannot be described").caused_by(e)
}
