//! Which filters Graph supports of directory objects, and which of them only as an advanced query.
//!
//! Source: "Advanced query capabilities on Microsoft Entra ID objects", its tables of properties and of query scenarios;
//! "Use the $filter query parameter", Operators and functions supported in filter expressions. An advanced query has the
//! header `ConsistencyLevel: eventual` and `$count=true`.

use super::syntax::{Expr, Function, Literal, Operand, Operator};
use crate::graph::error::{Failure, failure, malformed};
use crate::schema::{Schema, Type};

/// What a filter asks of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Demand {
    Nothing,
    Advanced,
}
use Demand::{Advanced, Nothing};

/// In which way a property is used; the columns of Microsoft's tables.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use {
    Equal,
    StartsWith,
    Range,
    Null,
}

/// A property, and for each [`Use`]: `D` by default, `A` only in an advanced query, `-` not at all.
type Row = (&'static str, &'static [u8; 4]);

#[rustfmt::skip]
const USER: &[Row] = &[
    ("accountEnabled", b"D---"), ("ageGroup", b"D---"), ("assignedLicenses/any/skuId", b"D---"),
    ("assignedPlans/any/capabilityStatus", b"A---"), ("assignedPlans/any/service", b"AA--"),
    ("assignedPlans/any/servicePlanId", b"A---"), ("authorizationInfo/certificateUserIds/any", b"A---"),
    ("businessPhones/any", b"AA--"), ("city", b"DD-A"), ("companyName", b"AA-A"),
    ("consentProvidedForMinor", b"D---"), ("country", b"DD-A"), ("createdDateTime", b"--DA"),
    ("creationType", b"D---"), ("department", b"DD-A"), ("displayName", b"DD-A"), ("employeeHireDate", b"--A-"),
    ("employeeId", b"D--A"), ("employeeOrgData/costCenter", b"AA--"), ("employeeOrgData/division", b"AA--"),
    ("employeeType", b"A---"), ("externalUserState", b"D---"), ("faxNumber", b"AA-A"), ("givenName", b"DD-A"),
    ("identities/any/issuer", b"D--D"), ("imAddresses/any", b"DD--"), ("isResourceAccount", b"D---"),
    ("jobTitle", b"DD-A"), ("mail", b"DD-A"), ("mailNickname", b"DD-A"), ("mobilePhone", b"AA-A"),
    ("officeLocation", b"AA-A"), ("onPremisesDistinguishedName", b"AA-A"),
    ("onPremisesExtensionAttributes/*", b"AA-A"), ("onPremisesImmutableId", b"D---"),
    ("onPremisesLastSyncDateTime", b"--D-"), ("onPremisesProvisioningErrors/any/category", b"D---"),
    ("onPremisesProvisioningErrors/any/propertyCausingError", b"D---"), ("onPremisesSamAccountName", b"AA--"),
    ("onPremisesSecurityIdentifier", b"D--A"), ("onPremisesSyncEnabled", b"D--A"), ("otherMails/any", b"DD--"),
    ("passwordPolicies", b"---A"), ("postalCode", b"AA-A"), ("preferredLanguage", b"A--A"),
    ("provisionedPlans/any/provisioningStatus", b"A---"), ("provisionedPlans/any/service", b"AA--"),
    ("proxyAddresses/any", b"DD--"), ("state", b"D--A"), ("streetAddress", b"AA-A"), ("surname", b"DD-A"),
    ("usageLocation", b"DD-A"), ("userPrincipalName", b"DD--"), ("userType", b"D--A"),
];

#[rustfmt::skip]
const GROUP: &[Row] = &[
    ("assignedLicenses/any/skuId", b"D---"), ("classification", b"DD--"), ("createdDateTime", b"--AA"),
    ("description", b"AA-A"), ("displayName", b"DD-A"), ("expirationDateTime", b"--A-"),
    ("groupTypes/any", b"D---"), ("hasMembersWithLicenseErrors", b"D--D"), ("infoCatalogs/any", b"DD--"),
    ("isAssignableToRole", b"D---"), ("mail", b"DD-A"), ("mailEnabled", b"D---"), ("mailNickname", b"DD-A"),
    ("membershipRule", b"DD--"), ("membershipRuleProcessingState", b"D---"),
    ("onPremisesLastSyncDateTime", b"--D-"), ("onPremisesProvisioningErrors/any/category", b"D---"),
    ("onPremisesProvisioningErrors/any/propertyCausingError", b"D---"), ("onPremisesSamAccountName", b"AA--"),
    ("onPremisesSecurityIdentifier", b"D--A"), ("onPremisesSyncEnabled", b"D--A"), ("preferredLanguage", b"A--A"),
    ("proxyAddresses/any", b"DD--"), ("renewedDateTime", b"--D-"), ("resourceBehaviorOptions/any", b"D---"),
    ("resourceProvisioningOptions/any", b"D---"), ("securityEnabled", b"D---"), ("uniqueName", b"DD--"),
];

const UNIT: &[Row] = &[
    ("description", b"AA-A"),
    ("displayName", b"DD-A"),
    ("isMemberManagementRestricted", b"D---"),
    ("membershipRule", b"DD--"),
    ("membershipRuleProcessingState", b"D---"),
];

const SERVICE_PRINCIPAL: &[Row] = &[
    ("accountEnabled", b"D---"),
    ("appId", b"D---"),
    ("description", b"AA-A"),
    ("displayName", b"DD-A"),
    ("servicePrincipalType", b"D---"),
];

const APPLICATION: &[Row] = &[
    ("appId", b"D---"),
    ("createdDateTime", b"--DA"),
    ("description", b"AA-A"),
    ("displayName", b"DD-A"),
    ("signInAudience", b"D---"),
];

/// Collections that can be asked whether they are empty (`/$count eq 0`), in advanced queries.
const COUNTED: &[&str] =
    &["assignedLicenses", "onPremisesProvisioningErrors", "otherMails", "proxyAddresses"];

/// What can be asked for its end, in advanced queries.
const ENDS: &[&str] = &["mail", "otherMails/any", "proxyAddresses/any", "userPrincipalName"];

/// How many alternatives a filter may have. Source: what Graph answers to more.
const ALTERNATIVES: usize = 15;

fn rows(schema: &Schema) -> &'static [Row] {
    match schema.entity {
        "user" => USER,
        "group" => GROUP,
        "administrativeUnit" => UNIT,
        "servicePrincipal" => SERVICE_PRINCIPAL,
        _ => APPLICATION,
    }
}

/// What such a use of a property asks of the request; none where Graph does not support it.
pub(crate) fn supports(schema: &Schema, property: &str, how: Use) -> Option<Demand> {
    let of_extension = property.starts_with("extension_").then_some(b"DA-A");
    let row = match property {
        // Source: the `id` of each resource: supports eq, ne, not, in.
        "id" => Some(b"D---"),
        _ => rows(schema).iter().find(|(name, _)| fits(name, property)).map(|(_, row)| *row).or(of_extension),
    };
    match row?[how as usize] {
        b'D' => Some(Nothing),
        b'A' => Some(Advanced),
        _ => None,
    }
}

fn fits(pattern: &str, property: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => property.starts_with(start),
        None => pattern == property,
    }
}

fn unsupported(schema: &Schema, property: &str) -> Failure {
    let mut resource = schema.entity.to_owned();
    resource[..1].make_ascii_uppercase();
    failure(
        400,
        "Request_UnsupportedQuery",
        format!(
            "Unsupported or invalid query filter clause specified for property '{property}' of resource '{resource}'."
        ),
    )
}

pub(super) fn demand(expr: &Expr, schema: &Schema) -> Result<Demand, Failure> {
    let alternatives = alternatives(expr);
    if alternatives > ALTERNATIVES {
        return Err(failure(
            400,
            "Request_UnsupportedQuery",
            format!(
                "Too many child clauses specified in search filter expression containing 'OR' operators: {alternatives}. Max allowed: {ALTERNATIVES}."
            ),
        ));
    }
    Asked { schema, lambda: None }.of(expr)
}

fn alternatives(expr: &Expr) -> usize {
    match expr {
        Expr::Either(left, right) => alternatives(left) + alternatives(right),
        Expr::In { values, .. } => values.len(),
        _ => 1,
    }
}

struct Asked<'a> {
    schema: &'a Schema,
    /// The collection of the lambda around: its properties are supported apart.
    lambda: Option<&'a str>,
}

impl Asked<'_> {
    fn of(&self, expr: &Expr) -> Result<Demand, Failure> {
        match expr {
            Expr::Either(left, right) | Expr::Both(left, right) => Ok(self.of(left)?.max(self.of(right)?)),
            Expr::Not(inner) => self.of(inner).map(|_| Advanced),
            Expr::Compare { left, operator, right } => self.compared(left, *operator, right),
            Expr::In { left, values } => {
                for value in values {
                    self.check_type(left, value)?;
                }
                self.named(left, Use::Equal)
            }
            Expr::Call { function: Function::StartsWith, left, .. } => self.named(left, Use::StartsWith),
            Expr::Call { function: Function::EndsWith, left, .. } => {
                let name = self.name(left)?;
                if ENDS.contains(&name.as_str()) {
                    Ok(Advanced)
                } else {
                    Err(unsupported(self.schema, &name))
                }
            }
            Expr::Call { function: Function::Contains, left, .. } => {
                Err(unsupported(self.schema, &self.name(left)?))
            }
            Expr::Lambda { all, of, inner, .. } => {
                let name = self.name(of)?;
                match inner {
                    Some(inner) if !all && self.lambda.is_none() && of.variable.is_none() => {
                        Asked { schema: self.schema, lambda: Some(&of.path) }.of(inner)
                    }
                    _ => Err(unsupported(self.schema, &name)),
                }
            }
        }
    }

    fn compared(&self, left: &Operand, operator: Operator, right: &Literal) -> Result<Demand, Failure> {
        let name = self.name(left)?;
        if left.count {
            let is_empty = matches!(right, Literal::Number(0.0));
            let known = COUNTED.contains(&left.path.as_str()) && left.variable.is_none();
            let asks = matches!(operator, Operator::Equal | Operator::NotEqual);
            return if known && is_empty && asks {
                Ok(Advanced)
            } else {
                Err(unsupported(self.schema, &name))
            };
        }
        self.check_type(left, right)?;
        let how = match (operator, right) {
            (Operator::Equal | Operator::NotEqual, Literal::Null) => Use::Null,
            (Operator::Equal | Operator::NotEqual, _) => Use::Equal,
            (Operator::AtLeast | Operator::AtMost, _) => Use::Range,
            (Operator::Greater | Operator::Less, _) => return Err(unsupported(self.schema, &name)),
        };
        let demand = self.named(left, how)?;
        Ok(if operator == Operator::NotEqual { Advanced } else { demand })
    }

    fn named(&self, operand: &Operand, how: Use) -> Result<Demand, Failure> {
        let name = self.name(operand)?;
        supports(self.schema, &name, how).ok_or_else(|| unsupported(self.schema, &name))
    }

    /// The name under which the table has it; an error where the type has no such property.
    fn name(&self, operand: &Operand) -> Result<String, Failure> {
        if operand.variable.is_some() {
            let list = self.lambda.unwrap_or_default();
            let joint = if operand.path.is_empty() { "" } else { "/" };
            return Ok(format!("{list}/any{joint}{}", operand.path));
        }
        let first = operand.path.split('/').next().unwrap_or_default();
        if first == "id" || first.starts_with("extension_") || self.schema.property(first).is_some() {
            return Ok(operand.path.clone());
        }
        Err(malformed(format!(
            "Invalid filter clause: Could not find a property named '{first}' on type 'microsoft.graph.{}'.",
            self.schema.entity
        )))
    }

    /// Refuses a value whose type the property cannot have, as OData does before anything is looked for.
    fn check_type(&self, operand: &Operand, literal: &Literal) -> Result<(), Failure> {
        let found = match literal {
            Literal::Null => return Ok(()),
            Literal::Bool(_) => "Edm.Boolean",
            Literal::Number(_) => "Edm.Int32",
            Literal::Text(_) => "Edm.String",
            Literal::Moment(_) => "Edm.DateTimeOffset",
            Literal::Guid(_) => "Edm.Guid",
        };
        let number = self.schema.property(&operand.path).filter(|_| operand.variable.is_none());
        let wanted = match number.map(|number| self.schema.props[usize::from(number)].ty) {
            Some(Type::Text) => "Edm.String",
            Some(Type::Bool) => "Edm.Boolean",
            Some(Type::Int) => "Edm.Int32",
            Some(Type::Date) => "Edm.DateTimeOffset",
            None if operand.is_property("id") => "Edm.String",
            _ => return Ok(()),
        };
        if wanted == found {
            return Ok(());
        }
        Err(malformed(format!(
            "Invalid filter clause: A binary operator with incompatible types was detected. Found operand types '{wanted}' and '{found}'."
        )))
    }
}

pub(super) fn only_of(expr: &Expr, properties: &[&str]) -> Result<(), Failure> {
    let known = |operand: &Operand| {
        let name = operand.path.split('/').next().unwrap_or_default();
        if operand.variable.is_some() || properties.contains(&name) {
            return Ok(());
        }
        Err(malformed(format!("Invalid filter clause: the property '{name}' cannot be filtered on.")))
    };
    match expr {
        Expr::Either(left, right) | Expr::Both(left, right) => {
            only_of(left, properties)?;
            only_of(right, properties)
        }
        Expr::Not(inner) => only_of(inner, properties),
        Expr::Compare { left, .. } | Expr::In { left, .. } | Expr::Call { left, .. } => known(left),
        Expr::Lambda { of, inner, .. } => {
            known(of)?;
            inner.as_ref().map_or(Ok(()), |inner| only_of(inner, properties))
        }
    }
}
