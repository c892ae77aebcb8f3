"""Lets programs of others use the simulated Microsoft cloud, as they are: `infra/check/clients.py HOLDFAST SCRATCH [NAME]`.

Microsoft's own Python SDK (msgraph-sdk with azure-identity) and IntuneCD, a backup of Intune into files, unchanged and told
nothing of the simulator: they ask for Microsoft's names by TLS. `holdfast simulate --tls` has a certificate for these names, and a
proxy leads each connection to it. What they see is held against what is true: counts, names and values. NAME is `sdk` or
`intunecd`, where one alone is wanted. Runs in an environment with clients.txt; the command that makes it is in CONTRIBUTING.md.
"""

import asyncio
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

TENANT = "7e000000-0000-4000-8000-000000000001"
CLIENT, SECRET = "5e000000-0000-4000-8000-000000000003", "simulated-administrator-secret"
USERS = 260


def copy(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    for end in (one, other):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def lead(client, port, asked):
    """One CONNECT: whichever name is asked for, the simulator answers."""
    head = b""
    while b"\r\n\r\n" not in head and (data := client.recv(4096)):
        head += data
    asked.add(head.split(b" ")[1].decode())
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    there = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=copy, args=(client, there), daemon=True).start()
    copy(there, client)


def proxy(port):
    """Leads every connection to that port; gives its own address and the names that were asked for."""
    server, asked = socket.create_server(("127.0.0.1", 0)), set()

    def serve():
        while True:
            client, _ = server.accept()
            threading.Thread(target=lead, args=(client, port, asked), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}", asked


def same(what, found, expected):
    if found != expected:
        raise SystemExit(f"{what}: {found!r}, and not {expected!r}")
    print(f"  {what}: {found!r}")


# --- Microsoft's SDK


async def sdk():
    from azure.identity.aio import ClientSecretCredential
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph import GraphServiceClient
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.password_profile import PasswordProfile
    from msgraph.generated.models.reference_create import ReferenceCreate
    from msgraph.generated.models.group import Group
    from msgraph.generated.models.user import User
    from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
    from msgraph.generated.users.count.count_request_builder import CountRequestBuilder
    from msgraph.generated.users.users_request_builder import UsersRequestBuilder
    from msgraph.generated.users.item.check_member_groups.check_member_groups_post_request_body import (
        CheckMemberGroupsPostRequestBody,
    )
    from msgraph_core.tasks.page_iterator import PageIterator

    credential = ClientSecretCredential(TENANT, CLIENT, SECRET)
    graph = GraphServiceClient(credential, ["https://graph.microsoft.com/.default"])

    def asking(builder, eventual=False, **options):
        name = [n for n in vars(builder) if n.endswith("GetQueryParameters")][0]
        asked = RequestConfiguration(query_parameters=getattr(builder, name)(**options))
        if eventual:
            asked.headers.add("ConsistencyLevel", "eventual")
        return asked

    async def users(eventual=False, **options):
        page = await graph.users.get(request_configuration=asking(UsersRequestBuilder, eventual, **options))
        return page

    # Pages: as the SDK itself follows them.
    names = []
    first = await users(select=["id", "displayName"], top=100)
    await PageIterator(first, graph.request_adapter).iterate(lambda user: names.append(user.id) or True)
    same("users, page by page", (len(first.value), len(names), len(set(names))), (100, USERS, USERS))

    # Delta, until there is a link to come back by.
    async def whole(page, builder):
        seen = {}
        while True:
            seen.update({one.id: one for one in page.value})
            if not page.odata_next_link:
                return seen, page.odata_delta_link
            page = await builder.with_url(page.odata_next_link).get()

    seen, link = await whole(await graph.users.delta.get(), graph.users.delta)
    same("users by delta()", (len(seen), link.startswith("https://graph.microsoft.com/v1.0/users/delta")), (USERS, True))
    groups, groups_link = await whole(await graph.groups.delta.get(), graph.groups.delta)
    listed = []
    page = await graph.groups.get()
    await PageIterator(page, graph.request_adapter).iterate(lambda group: listed.append(group.id) or True)
    same("groups by delta() and by pages", set(groups) == set(listed) and len(listed) > 0, True)

    # Create, change, link, delete; and what delta says of it.
    async def create(nick, title):
        return await graph.users.post(
            User(
                account_enabled=True, display_name=nick, mail_nickname=nick, job_title=title,
                user_principal_name=f"{nick}@fabrikam.example",
                password_profile=PasswordProfile(password="a long enough one", force_change_password_next_sign_in=True),
            )
        )

    ada, ben = await create("ada.lovelace", "Countess"), await create("ben.bitdiddle", "Research and Development")
    await graph.users.by_user_id(ada.id).patch(User(city="O'Fallon"))
    found = await graph.users.by_user_id(ada.id).get()
    same("a user that was created", (found.display_name, found.job_title), ("ada.lovelace", "Countess"))
    crew = await graph.groups.post(
        Group(display_name="Research and Development (R or D)", mail_nickname="rnd", mail_enabled=False, security_enabled=True)
    )
    for one in (ada, ben):
        await graph.groups.by_group_id(crew.id).members.ref.post(
            ReferenceCreate(odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{one.id}")
        )
    members = await graph.groups.by_group_id(crew.id).members.get()
    same("members, as users", sorted(type(m).__name__ + " " + m.display_name for m in members.value),
         ["User ada.lovelace", "User ben.bitdiddle"])
    held = await graph.users.by_user_id(ada.id).check_member_groups.post(CheckMemberGroupsPostRequestBody(group_ids=[crew.id]))
    same("checkMemberGroups", held.value, [crew.id])
    one = await graph.directory_objects.by_directory_object_id(crew.id).get()
    same("an object of any type", type(one).__name__, "Group")

    # Filters, sorting, search, counts.
    async def filtered(filter, eventual=False, **options):
        page = await users(eventual, filter=filter, **options)
        return sorted(user.display_name for user in page.value)

    same("$filter, and inside a text", await filtered("jobTitle eq 'Research and Development'"), ["ben.bitdiddle"])
    same("$filter, or and parentheses",
         await filtered("(jobTitle eq 'Countess' or startsWith(displayName,'ben.b')) and accountEnabled eq true"),
         ["ada.lovelace", "ben.bitdiddle"])
    same("$filter, not", await filtered("not(startsWith(displayName,'a')) and city eq 'O''Fallon'", True, count=True), [])
    same("$filter, endsWith", await filtered("endsWith(userPrincipalName,'lovelace@fabrikam.example')", True, count=True),
         ["ada.lovelace"])
    everybody = await users(True, count=True, top=1)
    same("$count", (everybody.odata_count, len(everybody.value)), (USERS + 2, 1))
    counted = RequestConfiguration()
    counted.headers.add("ConsistencyLevel", "eventual")
    same("/users/$count", int(await graph.users.count.get(request_configuration=counted)), USERS + 2)
    searched = await users(True, search='"displayName:lovelace"')
    same("$search", [user.display_name for user in searched.value], ["ada.lovelace"])
    sorted_ = await graph.groups.get(request_configuration=asking(GroupsRequestBuilder, orderby=["displayName desc"], top=500))
    names = [group.display_name.lower() for group in sorted_.value]
    same("$orderby", names == sorted(names, reverse=True), True)

    # Refusals, as the SDK's own exceptions.
    async def refused(call):
        try:
            await call
        except ODataError as error:
            return error.response_status_code, error.error.code
        raise SystemExit("not refused")

    same("nobody", await refused(graph.users.by_user_id("00000000-0000-4000-8000-00000000000f").get()),
         (404, "Request_ResourceNotFound"))
    same("an advanced query without its header", await refused(users(filter="accountEnabled ne true")),
         (400, "Request_UnsupportedQuery"))
    same("a broken filter", await refused(users(filter="displayName eq 'a")), (400, "BadRequest"))
    same("a name that is taken", await refused(create("ada.lovelace", "Second")), (400, "Request_BadRequest"))

    # Batch.
    from msgraph_core.requests.batch_request_content import BatchRequestContent
    from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
    from msgraph_core.requests.batch_request_item import BatchRequestItem

    batch = BatchRequestContent()
    for one in (ada, ben):
        item = BatchRequestItem(graph.users.by_user_id(one.id).to_get_request_information())
        # Why set: this version of the SDK writes absolute addresses, where Microsoft documents relative ones alone. What
        # Graph makes of them is not documented; the simulator refuses them.
        item.url = f"/users/{one.id}"
        batch.add_request(item.id, item)
    answers = await BatchRequestBuilder(graph.request_adapter).post(batch)
    same("a batch", sorted(answer.status for answer in answers.responses.values()), [200, 200])

    # The bin, and what delta says last.
    await graph.users.by_user_id(ben.id).delete()
    bin_ = await graph.directory.deleted_items.graph_user.get()
    same("deleted items, as users", [(type(u).__name__, u.display_name) for u in bin_.value], [("User", "ben.bitdiddle")])
    changed, _ = await whole(await graph.users.delta.with_url(link).get(), graph.users.delta)
    same("what delta() says since", sorted((u.display_name or "gone") for u in changed.values()), ["ada.lovelace", "gone"])
    await graph.directory.deleted_items.by_directory_object_id(ben.id).restore.post()
    same("restored", (await graph.users.by_user_id(ben.id).get()).display_name, "ben.bitdiddle")
    await credential.close()


# --- IntuneCD


def intunecd(scratch):
    import requests

    os.environ.update(TENANT_NAME=TENANT, CLIENT_ID=CLIENT, CLIENT_SECRET=SECRET, NO_COLOR="1")
    asked = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET,
             "scope": "https://graph.microsoft.com/.default"}
    token = requests.post(f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token", data=asked).json()["access_token"]
    graph = requests.Session()
    graph.headers["Authorization"] = f"Bearer {token}"
    intune = "https://graph.microsoft.com/beta/deviceManagement/"

    def names(collection):
        found, link = [], intune + collection
        while link:
            page = graph.get(link).json()
            found += [one.get("displayName") or one["name"] for one in page["value"]]
            link = page.get("@odata.nextLink")
        return sorted(found)

    def run(program, name, *arguments):
        there = pathlib.Path(sys.executable).parent / program
        done = subprocess.run([there, *map(str, arguments)], capture_output=True, text=True)
        (scratch / f"{name}.log").write_text(done.stdout + done.stderr)
        wrong = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower() or "Traceback" in line]
        # Why: the simulated tenant has no Apple push certificate. Graph answers 404 then, which IntuneCD calls an error.
        wrong = [line for line in wrong if "applePushNotificationCertificate" not in line]
        same(f"{name}: errors", (done.returncode, wrong), (0, []))

    def backup(name):
        folder = scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        run("IntuneCD-startbackup", name, "-m", 1, "-o", "json", "-p", folder)
        return folder

    def held(folder, kind):
        files = [json.loads(file.read_text()) for file in (folder / kind).rglob("*.json")]
        return sorted(one.get("displayName") or one["name"] for one in files)

    first = backup("first")
    for kind, collection in [
        ("Settings Catalog", "configurationPolicies"),
        ("Device Configurations", "deviceConfigurations"),
        ("Compliance Policies/Policies", "deviceCompliancePolicies"),
        ("Filters", "assignmentFilters"),
    ]:
        there = names(collection)
        found = held(first, kind)
        # Linux compliance policies are in the folder of the others.
        found = [name for name in found if name in there] if kind.startswith("Compliance") else found
        same(f"{kind}, {len(there)} of them", found == there and len(there) > 0, True)
    linux = names("compliancePolicies")
    same("Linux compliance policies", [n for n in held(first, "Compliance Policies/Policies") if n in linux] == linux, True)

    # What somebody changes between two backups is what their comparison tells.
    policies = graph.get(intune + "deviceConfigurations").json()["value"]
    changed, deleted = policies[0], policies[1]
    body = {"@odata.type": changed["@odata.type"], "description": "Changed between two backups"}
    same("a change", graph.patch(intune + f"deviceConfigurations/{changed['id']}", json=body).status_code, 200)
    same("a deletion", graph.delete(intune + f"deviceConfigurations/{deleted['id']}").status_code, 204)
    second = backup("second")
    run("IntuneCD-startcompare", "compared", "-s", second, "-t", first, "-o", scratch / "compared.json")
    told = json.loads((scratch / "compared.json").read_text())
    same("what differs between the backups",
         # Its report of assignments tells of the deleted policy's, too.
         ([change["name"] for change in told["changes"] if change["config_type"] != "Assignment Report"],
          [deleted["displayName"] in file for file in told["missing_in_source"]], told["missing_in_target"]),
         ([changed["displayName"]], [True], []))


def main(holdfast, scratch, only=None):
    scratch = pathlib.Path(scratch).resolve()
    authority = scratch / "authority.pem"
    authority.unlink(missing_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [holdfast, "simulate", "--port", str(port), "--users", str(USERS), "--tls", str(authority)]
    simulator = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            if authority.exists() and authority.stat().st_size:
                break
            if simulator.poll() is not None:
                raise SystemExit("the simulator ended")
            time.sleep(0.1)
        address, asked = proxy(port)
        # What tells any program of this machine to go by a proxy, and whom to trust.
        for name in ("HTTPS_PROXY", "https_proxy"):
            os.environ[name] = address
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            os.environ.pop(name, None)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
            os.environ[name] = str(authority)
        begun = time.monotonic()
        if only in (None, "sdk"):
            print("Microsoft's SDK:")
            asyncio.run(sdk())
        if only in (None, "intunecd"):
            print("IntuneCD:")
            intunecd(scratch)
        names = sorted(name.split(":")[0] for name in asked)
        same("names that were asked for", set(names) <= {"graph.microsoft.com", "login.microsoftonline.com", "login.microsoft.com"}, True)
        print(f"{time.monotonic() - begun:.0f} s")
    finally:
        simulator.kill()
        simulator.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
