"""Downloads a directory and keeps nothing: what a careful script without a product does.

Users by list with their managers and custom security attributes, groups by list and then by delta in chunks of
fifty ids, administrative units by delta, roles and policies by list; sixteen connections. Prints counts as JSON.
"""
import asyncio
import json
import sys
import time
import urllib.parse

import aiohttp

GRAPH, LOGIN, TENANT, CLIENT, SECRET = sys.argv[1:6]
USER = (
    "id,accountEnabled,ageGroup,assignedLicenses,assignedPlans,businessPhones,city,companyName,"
    "consentProvidedForMinor,country,createdDateTime,creationType,department,displayName,employeeHireDate,"
    "employeeId,employeeLeaveDateTime,employeeOrgData,employeeType,externalUserState,"
    "externalUserStateChangeDateTime,faxNumber,givenName,identities,imAddresses,isResourceAccount,jobTitle,"
    "lastPasswordChangeDateTime,legalAgeGroupClassification,licenseAssignmentStates,mail,mailNickname,"
    "mobilePhone,officeLocation,onPremisesDistinguishedName,onPremisesDomainName,onPremisesExtensionAttributes,"
    "onPremisesImmutableId,onPremisesLastSyncDateTime,onPremisesProvisioningErrors,onPremisesSamAccountName,"
    "onPremisesSecurityIdentifier,onPremisesSyncEnabled,onPremisesUserPrincipalName,otherMails,"
    "passwordPolicies,postalCode,preferredDataLocation,preferredLanguage,provisionedPlans,proxyAddresses,"
    "securityIdentifier,showInAddressList,signInSessionsValidFromDateTime,state,streetAddress,surname,"
    "usageLocation,userPrincipalName,userType,customSecurityAttributes"
)
GROUP = (
    "id,assignedLabels,assignedLicenses,classification,createdDateTime,description,displayName,"
    "expirationDateTime,groupTypes,isAssignableToRole,licenseProcessingState,mail,mailEnabled,mailNickname,"
    "membershipRule,membershipRuleProcessingState,onPremisesDomainName,onPremisesLastSyncDateTime,"
    "onPremisesNetBiosName,onPremisesProvisioningErrors,onPremisesSamAccountName,onPremisesSecurityIdentifier,"
    "onPremisesSyncEnabled,preferredDataLocation,preferredLanguage,proxyAddresses,renewedDateTime,"
    "resourceBehaviorOptions,resourceProvisioningOptions,securityEnabled,securityIdentifier,theme,uniqueName,"
    "visibility,members,owners"
)
UNIT = (
    "id,description,displayName,isMemberManagementRestricted,membershipRule,membershipRuleProcessingState,"
    "membershipType,visibility,members"
)
LISTS = [
    "v1.0/roleManagement/directory/roleDefinitions",
    "v1.0/roleManagement/directory/roleAssignments?$top=999",
    "v1.0/roleManagement/directory/roleEligibilitySchedules",
    "v1.0/roleManagement/directory/roleAssignmentSchedules",
    "beta/deviceManagement/deviceCompliancePolicies?$expand=assignments,"
    "scheduledActionsForRule($expand=scheduledActionConfigurations)",
    "beta/deviceManagement/compliancePolicies?$expand=assignments,settings,"
    "scheduledActionsForRule($expand=scheduledActionConfigurations)",
    "beta/deviceManagement/configurationPolicies?$expand=assignments,settings&$top=1000",
    "beta/deviceManagement/deviceConfigurations?$expand=assignments",
]
counts = {"requests": 0, "objects": 0, "links": 0}


async def chain(session, places, url):
    """Every item of a collection, page after page."""
    items = []
    while url:
        async with places:
            async with session.get(url) as answer:
                answer.raise_for_status()
                page = json.loads(await answer.read())
        counts["requests"] += 1
        items.extend(page["value"])
        url = page.get("@odata.nextLink")
    return items


async def groups(session, places):
    listed = await chain(session, places, f"{GRAPH}/v1.0/groups?$select=id&$top=999")
    ids = [group["id"] for group in listed]

    async def chunk(part):
        wanted = urllib.parse.quote(" or ".join(f"id eq '{one}'" for one in part))
        read = await chain(session, places, f"{GRAPH}/v1.0/groups/delta?$select={GROUP}&$filter={wanted}")
        counts["links"] += sum(len(g.get("members@delta", ())) + len(g.get("owners@delta", ())) for g in read)

    await asyncio.gather(*(chunk(ids[at : at + 50]) for at in range(0, len(ids), 50)))
    counts["objects"] += len(ids)


async def counted(session, places, url):
    counts["objects"] += len(await chain(session, places, url))


async def main():
    began = time.monotonic()
    async with aiohttp.ClientSession() as session:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "scope": f"{GRAPH}/.default",
        }
        async with session.post(f"{LOGIN}/{TENANT}/oauth2/v2.0/token", data=form) as answer:
            token = (await answer.json())["access_token"]
    places = asyncio.Semaphore(16)
    connector = aiohttp.TCPConnector(limit=16)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        users = f"{GRAPH}/v1.0/users?$select={USER}&$expand=manager($select=id)&$top=999"
        units = f"{GRAPH}/v1.0/directory/administrativeUnits/delta?$select={UNIT}"
        urls = [users, units, *(f"{GRAPH}/{path}" for path in LISTS)]
        await asyncio.gather(groups(session, places), *(counted(session, places, url) for url in urls))
    cpu = time.process_time()
    print(json.dumps({**counts, "wall_s": round(time.monotonic() - began, 3), "cpu_s": round(cpu, 3)}))


asyncio.run(main())
