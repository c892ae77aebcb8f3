//! Makes the keys, the sender of mail, and secrets.

use crate::error::{code, from_sdk, incomplete};
use crate::mailer::address_of;
use aws_sdk_kms::operation::describe_key::DescribeKeyError;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use domain::Result;
use engine::ports::Secret;

const DESCRIBE: &str = "kms.DescribeKey";

/// What a key is made for.
pub(super) struct Purpose {
    description: &'static str,
    spec: KeySpec,
    usage: KeyUsageType,
}

pub(super) const WRAPPING: Purpose = Purpose {
    description: "Holdfast: wraps the tenants' data keys",
    spec: KeySpec::SymmetricDefault,
    usage: KeyUsageType::EncryptDecrypt,
};
pub(super) const SIGNING: Purpose = Purpose {
    description: "Holdfast: signs certificates of deletion",
    spec: KeySpec::EccNistP256,
    usage: KeyUsageType::SignVerify,
};

/// The id of the key behind that alias.
pub(super) async fn make_key(client: &aws_sdk_kms::Client, alias: &str, purpose: &Purpose) -> Result<String> {
    const CREATE: &str = "kms.CreateKey";
    if let Some(key_id) = find_key(client, alias).await? {
        return Ok(key_id);
    }
    let create = client
        .create_key()
        .description(purpose.description)
        .key_spec(purpose.spec.clone())
        .key_usage(purpose.usage.clone());
    let made = create.send().await.map_err(|e| from_sdk(CREATE, e))?;
    let key_id = made.key_metadata.ok_or_else(|| incomplete(CREATE, "key"))?.key_id;
    match client.create_alias().alias_name(alias).target_key_id(&key_id).send().await {
        Ok(_) => Ok(key_id),
        // Why the other's key: another process was faster, and both have to use one.
        Err(e) if code(&e) == Some("AlreadyExistsException") => {
            find_key(client, alias).await?.ok_or_else(|| incomplete(DESCRIBE, "key"))
        }
        Err(e) => Err(from_sdk("kms.CreateAlias", e)),
    }
}

async fn find_key(client: &aws_sdk_kms::Client, alias: &str) -> Result<Option<String>> {
    match client.describe_key().key_id(alias).send().await {
        Ok(found) => {
            let key = found.key_metadata.ok_or_else(|| incomplete(DESCRIBE, "key"))?;
            Ok(Some(key.key_id))
        }
        Err(e) if matches!(e.as_service_error(), Some(DescribeKeyError::NotFoundException(_))) => Ok(None),
        Err(e) => Err(from_sdk(DESCRIBE, e)),
    }
}

pub(super) async fn make_sender(client: &aws_sdk_sesv2::Client, sender: &str) -> Result<()> {
    match client.create_email_identity().email_identity(address_of(sender)).send().await {
        Ok(_) => Ok(()),
        Err(e) if code(&e) == Some("AlreadyExistsException") => Ok(()),
        Err(e) => Err(from_sdk("ses.CreateEmailIdentity", e)),
    }
}

/// Makes the secret, or gives it a new version when its text differs.
pub(super) async fn put_secret(
    client: &aws_sdk_secretsmanager::Client,
    name: &str,
    secret: &Secret,
) -> Result<()> {
    match client.get_secret_value().secret_id(name).send().await {
        Ok(found) if found.secret_string() == Some(secret.expose()) => Ok(()),
        Ok(_) => {
            let put = client.put_secret_value().secret_id(name).secret_string(secret.expose());
            put.send().await.map(drop).map_err(|e| from_sdk("secretsmanager.PutSecretValue", e))
        }
        Err(e) if matches!(e.as_service_error(), Some(GetSecretValueError::ResourceNotFoundException(_))) => {
            let create = client.create_secret().name(name).secret_string(secret.expose());
            create.send().await.map(drop).map_err(|e| from_sdk("secretsmanager.CreateSecret", e))
        }
        Err(e) => Err(from_sdk("secretsmanager.GetSecretValue", e)),
    }
}
