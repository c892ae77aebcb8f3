//! Groups. Source: "Working with groups in Microsoft Graph" and the group pages of the API reference.

use serde_json::{Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, bad, conflict, denied, missing};
use super::{extensions, licences, lists, refs, roles, write};
use crate::clock::iso;
use crate::schema;
use crate::state::{Directory, Index, Kind, Relation, Row};

/// How many references one request may bind (`members@odata.bind`).
const BIND: usize = 20;

/// What sort of group it is, read from its properties; it decides what may be written.
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub(crate) struct Nature {
    pub unified: bool,
    pub dynamic: bool,
    pub mail_enabled: bool,
    pub synced: bool,
    pub role_assignable: bool,
    pub hidden_membership: bool,
}

pub(crate) fn nature(row: &Row) -> Nature {
    let schema = schema::of(Kind::Group);
    let types = row.get(schema.at("groupTypes")).map(String::from_utf8_lossy).unwrap_or_default();
    Nature {
        unified: types.contains("\"Unified\""),
        dynamic: types.contains("\"DynamicMembership\""),
        mail_enabled: row.is_true(schema.at("mailEnabled")),
        synced: row.is_true(schema.at("onPremisesSyncEnabled")),
        role_assignable: row.is_true(schema.at("isAssignableToRole")),
        hidden_membership: row.text(schema.at("visibility")).as_deref() == Some("HiddenMembership"),
    }
}

impl Nature {
    /// Whether it belongs to Exchange, as distribution and mail-enabled security groups do: Graph cannot write it.
    fn exchange(&self) -> bool {
        self.mail_enabled && !self.unified
    }

    fn refuse(&self, call: &Call) -> Result<(), Failure> {
        if self.synced {
            return Err(bad(
                "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
            ));
        }
        if self.exchange() {
            return Err(bad("Cannot update a mail-enabled security groups and or distribution list."));
        }
        if self.role_assignable && !call.may("RoleManagement.ReadWrite.Directory") {
            return Err(denied());
        }
        Ok(())
    }
}

fn find(d: &Directory, id: &str) -> Result<Index, Failure> {
    d.find_kind(id, Kind::Group).ok_or_else(|| missing(id))
}

/// Whether the group or unit hides its members from this caller, which lacks the permission to see hidden ones.
pub(super) fn hides(call: &Call, d: &Directory, index: Index, relation: Relation) -> bool {
    let object = d.object(index);
    let visibility = schema::of(object.kind).property("visibility").and_then(|at| object.row.text(at));
    relation == Relation::Members
        && visibility.as_deref() == Some("HiddenMembership")
        && !call.may("Member.Read.Hidden")
}

pub(super) fn related(call: &Call, d: &Directory, id: &str, name: &str, cast: Option<&str>) -> Outcome {
    let relation = if name == "owners" { Relation::Owners } else { Relation::Members };
    refs::list(call, d, Kind::Group, id, relation, cast)
}

fn check_kind(d: &Directory, nature: &Nature, relation: Relation, target: Index) -> Result<(), Failure> {
    let kind = d.object(target).kind;
    let fits = match relation {
        Relation::Owners => matches!(kind, Kind::User | Kind::ServicePrincipal),
        _ if nature.unified => kind == Kind::User,
        _ if nature.role_assignable => kind != Kind::Group,
        _ => matches!(kind, Kind::User | Kind::Group | Kind::ServicePrincipal),
    };
    if fits {
        Ok(())
    } else {
        Err(bad("An invalid operation was included in the following modified references: 'members'."))
    }
}

/// Adds the links that a request asks for, all or none.
fn bind(
    call: &Call,
    d: &mut Directory,
    index: Index,
    wanted: &[(Relation, Vec<Index>)],
) -> Result<(), Failure> {
    let nature = nature(&d.object(index).row);
    nature.refuse(call)?;
    roles::refuse_restricted(call, d, index)?;
    for (relation, targets) in wanted {
        if *relation == Relation::Members && nature.dynamic && !targets.is_empty() {
            return Err(bad(
                "Insufficient privileges or invalid operation: the membership of a dynamic group cannot be changed by hand.",
            ));
        }
        for (at, target) in targets.iter().enumerate() {
            check_kind(d, &nature, *relation, *target)?;
            let twice = targets[..at].contains(target);
            if twice || d.object(index).links(*relation).contains(*target) {
                return Err(refs::already(*relation));
            }
        }
        if *relation == Relation::Owners
            && d.object(index).links(Relation::Owners).len() + targets.len() > 100
        {
            return Err(bad("A group can have at most 100 owners."));
        }
    }
    for (relation, targets) in wanted {
        for target in targets {
            d.link(index, *relation, *target);
            licences::inherit(d, index, *relation, *target);
        }
    }
    Ok(())
}

/// Refuses service principals at the far end where the caller may not write applications: members are otherwise
/// written with the permission for groups.
fn check_permission(call: &Call, d: &Directory, targets: &[Index]) -> Result<(), Failure> {
    let is_principal = |target: &Index| d.object(*target).kind == Kind::ServicePrincipal;
    let may = call.may("Application.ReadWrite.All") || call.may("Directory.ReadWrite.All");
    if !may && targets.iter().any(is_principal) { Err(denied()) } else { Ok(()) }
}

fn bindings(
    call: &Call,
    d: &Directory,
    body: &serde_json::Map<String, Value>,
) -> Result<Vec<(Relation, Vec<Index>)>, Failure> {
    let mut wanted = Vec::new();
    for relation in [Relation::Members, Relation::Owners] {
        if let Some(value) = body.get(&format!("{}@odata.bind", relation.name())) {
            let bound = refs::bound(d, value)?;
            check_permission(call, d, &bound)?;
            wanted.push((relation, bound));
        }
    }
    if wanted.iter().map(|(_, targets)| targets.len()).sum::<usize>() > BIND {
        return Err(bad("The request has too many references: at most 20 can be bound at once."));
    }
    Ok(wanted)
}

fn check_body(body: &serde_json::Map<String, Value>) -> Result<(), Failure> {
    if let Some(name) = body.get("mailNickname").and_then(Value::as_str)
        && (name.is_empty() || name.contains(|c: char| " @()[]\";:<>,\\".contains(c)))
    {
        return Err(bad("Invalid value specified for property 'mailNickname' of resource 'Group'."));
    }
    if let Some(types) = body.get("groupTypes").and_then(Value::as_array)
        && types.iter().any(|one| !matches!(one.as_str(), Some("Unified" | "DynamicMembership")))
    {
        return Err(bad("One or more properties contains invalid values."));
    }
    Ok(())
}

/// Creates a group, with the members and owners that the body binds.
pub(super) fn create(call: &Call, d: &mut Directory) -> Outcome {
    let mut body = call.object()?;
    let extended = extensions::take(d, Kind::Group, &mut body)?;
    let schema = schema::of(Kind::Group);
    let mut changes = write::check(schema, &body, true)?;
    check_body(&body)?;
    // Why the references so early: one that names nothing refuses the request, whatever sort of group it would be.
    let wanted = bindings(call, d, &body)?;
    let row = Row::default().with(&changes);
    let nature = nature(&row);
    // What sort of group it would be decides what is refused: Graph cannot create Exchange's groups, and each sort has
    // properties that it must or must not have.
    if nature.exchange() {
        return Err(bad("Cannot Create a mail-enabled security groups and or distribution list."));
    }
    if nature.unified && !nature.mail_enabled {
        return Err(bad("The mailEnabled property must be true for Microsoft 365 groups."));
    }
    if !nature.unified && !row.is_true(schema.at("securityEnabled")) {
        return Err(bad(
            "One or more properties contains invalid values: a group must be a security or a Microsoft 365 group.",
        ));
    }
    // Why a rule may not give roles: whoever edits an attribute of a user could then make them an administrator.
    if nature.role_assignable && (nature.dynamic || !call.may("RoleManagement.ReadWrite.Directory")) {
        return Err(if nature.dynamic {
            bad("A role-assignable group cannot be dynamic.")
        } else {
            denied()
        });
    }
    if nature.hidden_membership && !nature.unified {
        return Err(bad("HiddenMembership can be set for Microsoft 365 groups only."));
    }
    let rule = row.text(schema.at("membershipRule"));
    if nature.dynamic != rule.is_some() {
        return Err(bad("A dynamic group needs a membershipRule, and only a dynamic group has one."));
    }
    // Names that must be unique are checked before the object exists, and claimed after.
    if let Some(name) = row.text(schema.at("uniqueName"))
        && d.names.contains_key(&format!("unique:{}", name.to_lowercase()))
    {
        return Err(conflict("uniqueName"));
    }
    let id = d.new_id();
    // A Microsoft 365 group gets a mailbox, whose address is made of its nickname and is unique too.
    if nature.unified {
        let nick = row.text(schema.at("mailNickname")).unwrap_or_default();
        let mail = format!("{nick}@{}", d.domain);
        if d.names.contains_key(&format!("smtp:{}", mail.to_lowercase())) {
            return Err(conflict("mailNickname"));
        }
        write::put(&mut changes, schema.at("mail"), &json!(mail));
        write::put(&mut changes, schema.at("proxyAddresses"), &json!([format!("SMTP:{mail}")]));
        if row.get(schema.at("visibility")).is_none() {
            write::put(&mut changes, schema.at("visibility"), &json!("Public"));
        }
    }
    if nature.dynamic && row.get(schema.at("membershipRuleProcessingState")).is_none() {
        write::put(&mut changes, schema.at("membershipRuleProcessingState"), &json!("On"));
    }
    // What the service computes, whatever the body said.
    let now = d.now();
    write::put(&mut changes, schema.at("createdDateTime"), &json!(iso(now)));
    write::put(&mut changes, schema.at("renewedDateTime"), &json!(iso(now)));
    let (low, high) = id.as_u64_pair();
    let sid = format!("S-1-12-1-{}-{}-{}-{}", low >> 32, low & 0xffff_ffff, high >> 32, high & 0xffff_ffff);
    write::put(&mut changes, schema.at("securityIdentifier"), &json!(sid));
    // What must not be bound is refused before anything exists.
    for (relation, targets) in &wanted {
        if *relation == Relation::Members && nature.dynamic && !targets.is_empty() {
            return Err(bad("The membership of a dynamic group cannot be set."));
        }
        for target in targets {
            check_kind(d, &nature, *relation, *target)?;
        }
    }
    let index = d.add(Kind::Group, id, Row::default().with(&changes));
    d.extend(index, extended);
    d.claim_names(index);
    for (relation, targets) in &wanted {
        for target in targets {
            d.link(index, *relation, *target);
        }
    }
    Ok(lists::created(call, d, index))
}

/// Changes the properties that the body names, and binds further members and owners.
pub(super) fn update(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    let mut body = call.object()?;
    let extended = extensions::take(d, Kind::Group, &mut body)?;
    let schema = schema::of(Kind::Group);
    let row = d.object(index).row.clone();
    let old = nature(&row);
    let changes = write::check(schema, &body, false)?;
    old.refuse(call)?;
    check_body(&body)?;
    let wanted = bindings(call, d, &body)?;
    // Properties that a group cannot be without, and those that an application may not set.
    for name in ["displayName", "mailNickname", "securityEnabled"] {
        if body.get(name).is_some_and(Value::is_null) {
            return Err(bad(format!("Invalid value specified for property '{name}' of resource 'Group'.")));
        }
    }
    if body.get("displayName").is_some_and(|v| v.as_str().is_some_and(str::is_empty)) {
        return Err(bad("Invalid value specified for property 'displayName' of resource 'Group'."));
    }
    if body.contains_key("assignedLabels") {
        return Err(denied());
    }
    // A unique name can be given once: other systems know the group by it.
    let unique = row.text(schema.at("uniqueName"));
    if let Some(name) = body.get("uniqueName") {
        if unique.is_some() && unique.as_deref() != name.as_str() {
            return Err(bad("Property 'uniqueName' is immutable once it is set."));
        }
        let holder = d.names.get(&format!("unique:{}", name.as_str().unwrap_or_default().to_lowercase()));
        if holder.is_some_and(|holder| *holder != index) {
            return Err(conflict("uniqueName"));
        }
    }
    if let Some(visibility) = body.get("visibility").and_then(Value::as_str)
        && (visibility == "HiddenMembership") != old.hidden_membership
    {
        return Err(bad("HiddenMembership can only be set when the group is created."));
    }
    // Whether the group may become what it would be: it can become dynamic or static, and nothing else.
    let next_row = row.with(&changes);
    let next = nature(&next_row);
    if next.unified != old.unified {
        return Err(bad("Property 'groupTypes': only DynamicMembership can be added or removed."));
    }
    let rule = next_row.text(schema.at("membershipRule"));
    if next.dynamic && (old.role_assignable || rule.is_none()) {
        return Err(bad("A dynamic group needs a membershipRule and cannot be role-assignable."));
    }
    if !next.dynamic && changes.iter().any(|(n, json)| *n == schema.at("membershipRule") && json.is_some()) {
        return Err(bad("Only a dynamic group has a membershipRule."));
    }
    // Nothing was written so far. The links come first, since they can still be refused.
    bind(call, d, index, &wanted)?;
    if next.dynamic && !old.dynamic {
        // Why the members go: the rule decides from now on.
        let members: Vec<Index> = d.object(index).links(Relation::Members).iter().collect();
        for member in members {
            d.unlink(index, Relation::Members, member);
        }
    }
    d.release_names(index);
    d.set(index, &changes);
    d.extend(index, extended);
    d.claim_names(index);
    Ok(Reply::empty())
}

pub(super) fn delete(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    let nature = nature(&d.object(index).row);
    nature.refuse(call)?;
    if nature.unified || call.switches.security_groups_soft_delete {
        d.soft_delete(index);
    } else {
        d.purge(index);
    }
    Ok(Reply::empty())
}

fn relation(name: &str) -> Relation {
    if name == "owners" { Relation::Owners } else { Relation::Members }
}

pub(super) fn add_related(call: &Call, d: &mut Directory, id: &str, name: &str) -> Outcome {
    let index = find(d, id)?;
    let target = refs::target(d, &call.object()?)?;
    check_permission(call, d, &[target])?;
    bind(call, d, index, &[(relation(name), vec![target])])?;
    Ok(Reply::empty())
}

pub(super) fn remove_related(call: &Call, d: &mut Directory, id: &str, name: &str, other: &str) -> Outcome {
    let index = find(d, id)?;
    let relation = relation(name);
    let nature = nature(&d.object(index).row);
    nature.refuse(call)?;
    if relation == Relation::Members && nature.dynamic {
        return Err(bad("The membership of a dynamic group cannot be changed by hand."));
    }
    let target = d.index(other).ok_or_else(|| missing(other))?;
    let links = d.object(index).links(relation);
    if relation == Relation::Owners && nature.unified && links.contains(target) {
        let live = links.iter().filter(|owner| d.is_live(*owner)).count();
        if live <= 1 {
            return Err(bad("The group must have at least one owner, hence this owner cannot be removed."));
        }
    }
    if !d.unlink(index, relation, target) {
        return Err(missing(other));
    }
    licences::inherit(d, index, relation, target);
    Ok(Reply::empty())
}
