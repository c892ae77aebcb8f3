"""Calls a running installation by a client that openapi-python-client made of its document:
`client.py API BOOTSTRAP_TOKEN`, with the client on PYTHONPATH. Each reply must be of its type."""

import sys

from holdfast_client import AuthenticatedClient
from holdfast_client import models
from holdfast_client.api.about import read_signing_keys
from holdfast_client.api.audit import list_audit, verify_audit
from holdfast_client.api.organisations import (
    create_organisation,
    edit_organisation,
    list_organisations,
    read_organisation,
)
from holdfast_client.api.partners import activate_sku, create_partner, read_partner
from holdfast_client.api.plans import create_plan, list_plans
from holdfast_client.api.restores import preview_restore
from holdfast_client.api.snapshots import list_snapshots

api, bootstrap = sys.argv[1:]
calls = 0


def call(route, *path, status=200, model=None, **arguments):
    global calls
    calls += 1
    reply = route.sync_detailed(*path, **arguments)
    assert reply.status_code == status, (route.__name__, reply.status_code, reply.content)
    assert model is None or isinstance(reply.parsed, model), (route.__name__, reply.parsed)
    return reply


operator = AuthenticatedClient(api, bootstrap)
body = models.CreatePartnerBody(
    name="Client", owner=models.CreatePartnerBodyOwner(name="Ada", email="ada@example.com")
)
partner = call(create_partner, status=201, model=models.NewPartnerOut, client=operator, body=body)
owner = AuthenticatedClient(api, partner.parsed.owner_token)
call(read_partner, model=models.PartnerOut, client=owner)
body = models.ActivateSkuBody(sku=models.ActivateSkuBodySku.ENTRA)
call(activate_sku, model=models.PartnerOut, client=owner, body=body)
body = models.CreatePlanBody(
    product=models.CreatePlanBodyProduct.BACKUPENTRA,
    name="Protected",
    periodicity=models.CreatePlanBodyPeriodicity.MONTHLY,
    price=models.CreatePlanBodyPrice(amount_minor=250, currency="EUR"),
)
plan = call(create_plan, status=201, model=models.PlanOut, client=owner, body=body)
assert call(list_plans, model=models.ListOfPlanOut, client=owner, limit=10).parsed.items[0].id == plan.parsed.id
body = models.CreateOrganisationBody(
    name="Contoso", email="it@example.com", plan=plan.parsed.id, seats=10
)
made = call(create_organisation, status=201, model=models.OrganisationOut, client=owner, body=body)
org = made.parsed.id
read = call(read_organisation, org, model=models.OrganisationOut, client=owner)
assert read.parsed.state == models.OrganisationState.ACTIVE and read.parsed.tenant is None
body = models.EditOrganisationBody(name="Contoso AG")
edited = call(
    edit_organisation, org, model=models.OrganisationOut, client=owner, body=body, if_match=read.headers["etag"]
)
assert edited.parsed.name == "Contoso AG"
found = call(list_organisations, model=models.OrganisationsOut, client=owner, search="contoso")
assert [item.id for item in found.parsed.items] == [org]
# No tenant is connected: what is below it answers a problem, which has a type too.
call(list_snapshots, org, status=409, model=models.Problem, client=owner)
call(preview_restore, org, status=409, model=models.Problem, client=owner, body=models.PreviewRestoreBody())
assert call(list_audit, model=models.ListOfAuditEntryOut, client=owner).parsed.items
assert call(verify_audit, model=models.VerifiedOut, client=owner).parsed.intact
call(read_signing_keys, model=models.KeySet, client=owner)
print(f"a client made of the document called {calls} routes")
