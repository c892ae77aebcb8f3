"""Deploys infra/template.yaml to a stand-in for AWS and tells the demo's story there, over HTTP and queues alone.

The template is deployed as it is written: the stand-in expands it, makes its resources and runs its functions, which
are the real binaries. Each of their calls is held against their role. Only their code's address is put in, as `sam package` does, and REWRITES says, with reasons, what
the stand-in cannot do yet. The stand-in's own schedules tick, its mappings poll, its gateway asks the authorizer.

Use: deployed.py MINISTACK HOLDFAST BINARIES, where BINARIES holds a binary of each function under the name of its folder
(`target/debug`), or folders named as the functions in the template (`.aws-sam/build`). Prints one JSON object.
"""

import hashlib
import io
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

import boto3
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = pathlib.Path(__file__).parent.parent / "template.yaml"
STACK = "holdfast-ci"
PUBLIC_URL = "https://holdfast.example"
# In the stand-in mail leaves from nowhere; the domain is only a name.
SENDER_DOMAIN = "mail.holdfast.example"
READER, WRITER = ("5e000000-0000-4000-8000-00000000000%d" % n for n in (1, 2))
FUNCTION = "AWS::Serverless::Function"


def without_output(name):
    def rewrite(template):
        return template["Outputs"].pop(name, None) is not None

    return rewrite


def without_resource(name):
    def rewrite(template):
        return template["Resources"].pop(name, None) is not None

    return rewrite


def role_statements(template):
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"].get("Policies", []):
                yield from policy["PolicyDocument"]["Statement"]


def secrets_by_their_arn(template):
    changed = 0
    for statement in role_statements(template):
        for name in ("Reader", "Writer"):
            if statement["Resource"] == {"Ref": f"Graph{name}Secret"}:
                arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
                statement["Resource"] = {"Fn::Sub": arn + "${AWS::StackName}/graph-" + name.lower() + "-??????"}
                changed += 1
    return changed


def mail_from_anywhere(template):
    of_mail = [s for s in role_statements(template) if "ses:SendEmail" in s["Action"]]
    for statement in of_mail:
        statement["Resource"] = "*"
        del statement["Condition"]
    return of_mail


def without_condition_on(key):
    def rewrite(template):
        on_it = [s for s in role_statements(template) if key in json.dumps(s.get("Condition"))]
        return [s.pop("Condition") for s in on_it]

    return rewrite


# What is changed in the template because the stand-in does not know it: name, reason, the change. One that finds
# nothing to change fails the run, so that none outlives its reason in the template.
OLD = "ministack 1.5.33"
REWRITES = [
    *(
        (f"no output DkimRecord{n}", f"{OLD} has no DkimDNSToken of AWS::SES::EmailIdentity", without_output(f"DkimRecord{n}"))
        for n in (1, 2, 3)
    ),
    *(
        (f"no {name}", f"{OLD} has no metric math in alarms", without_resource(name))
        for name in (
            "FunctionsFailingAlarm",
            "FunctionsThrottledAlarm",
            "OwnApplicationAlarm",
            "SealedPerDayAlarm",
            "PagesFailingAlarm",
            "WorkGivenUpAlarm",
        )
    ),
    ("secrets by their ARN", f"{OLD} has the name for Ref of AWS::SecretsManager::Secret", secrets_by_their_arn),
    ("mail from anywhere", f"{OLD} asks whether mail may be sent, not as whom", mail_from_anywhere),
    ("no VaultPolicy", f"it speaks no TLS here, without which the bucket refuses; nor does {OLD} know s3:if-none-match", without_resource("VaultPolicy")),
    *(
        (f"no condition on {key}", f"{OLD} does not know it", without_condition_on(key))
        for key in ("dynamodb:LeadingKeys", "kms:EncryptionContext")
    ),
]


class Failed(Exception):
    """Something does not hold."""


def wait_for(what, seconds, look, pause=0.2):
    """What `look` finds, asked again until it finds something."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = look()
        if found:
            return found
        time.sleep(pause)
    raise Failed(f"not within {seconds} s: {what}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def stripped(path, scratch):
    """The binary without what only a debugger reads, which is most of it."""
    target = scratch / "stripped"
    subprocess.run(["strip", "-o", target, path], check=True)
    return target.read_bytes()


def zipped(binary):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        file.writestr(entry, binary)
    return out.getvalue()


class Check:
    def __init__(self, ministack, holdfast, binaries, scratch):
        self.ministack, self.holdfast, self.binaries, self.scratch = ministack, holdfast, binaries, scratch
        self.endpoint = f"http://127.0.0.1:{free_port()}"
        self.processes = []
        self.private = ["simulated-reader-secret", "simulated-writer-secret", "ada.berg@northwind.example", "Noah Fischer"]
        self.summary = {}

    def client(self, name):
        return boto3.client(
            name,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def start(self, command, log, **environment):
        with open(self.scratch / log, "wb") as out:
            clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "HOLDFAST_"))}
            process = subprocess.Popen(
                command, cwd=self.scratch, env={**clean, **environment}, stdout=out, stderr=subprocess.STDOUT
            )
        self.processes.append(process)

    def answers(self, url, method="GET", token=None, body=None):
        """Status and text of an answer."""
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        request = urllib.request.Request(url, method=method, headers=headers, data=body)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, OSError):
            return 0, ""

    # ---------------------------------------------------------------- what is there before

    def begin(self):
        self.start(
            [self.ministack],
            "ministack.log",
            GATEWAY_PORT=self.endpoint.rsplit(":", 1)[1],
            BIND_HOST="127.0.0.1",
            IOT_MTLS_ENABLED="0",
            # Every call of a function is held against its role.
            AUTH="true",
            HOME=str(self.scratch),
            AWS_ENDPOINT_URL=self.endpoint,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
        )
        self.start([self.holdfast, "simulate", "--port", "0", "--users", "300"], "simulated.log")
        log = self.scratch / "simulated.log"

        def addresses():
            found = dict(re.findall(r"^(HOLDFAST_\w+_URL)=(\S+)$", log.read_text(), re.M))
            return found if len(found) == 2 else None

        self.cloud = wait_for("the simulated cloud says where it is", 30, addresses)
        health = f"{self.endpoint}/_ministack/health"
        wait_for("the stand-in answers", 30, lambda: self.answers(health)[0] == 200)

    # ---------------------------------------------------------------- the deployment

    def package(self):
        template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
        for name, reason, rewrite in REWRITES:
            if not rewrite(template):
                raise Failed(f"the rewrite '{name}' ({reason}) finds nothing to change any more")
        s3 = self.client("s3")
        s3.create_bucket(Bucket="code")
        sizes = {}
        self.functions = {k: r for k, r in template["Resources"].items() if r["Type"] == FUNCTION}
        for logical, resource in self.functions.items():
            folder = resource["Properties"]["CodeUri"].rsplit("/", 1)[1]
            built = self.binaries / logical / "bootstrap"
            code = zipped(stripped(built if built.exists() else self.binaries / folder, self.scratch))
            s3.put_object(Bucket="code", Key=f"{folder}.zip", Body=code)
            resource["Properties"]["CodeUri"] = f"s3://code/{folder}.zip"
            sizes[folder] = len(code)
        s3.put_object(Bucket="code", Key="template.json", Body=json.dumps(template).encode())
        self.summary["rewrites"] = [name for name, _, _ in REWRITES]
        self.summary["zipBytes"] = sizes

    def stack(self, parameters):
        return {
            "StackName": STACK,
            "TemplateURL": f"{self.endpoint}/code/template.json",
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        }

    def stack_is(self, status):
        def ended():
            stack = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
            return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

        stack = wait_for("the stack's work ends", 60, ended)
        if stack["StackStatus"] != status:
            raise Failed(f"the stack is {stack['StackStatus']}: {stack.get('StackStatusReason')}")
        return stack

    def deploy(self):
        self.token = f"bootstrap-{secrets.token_hex(24)}"
        self.private.append(self.token)
        parameters = {
            "Architecture": "x86_64",
            "PublicUrl": PUBLIC_URL,
            "ReaderClientId": READER,
            "WriterClientId": WRITER,
            "BootstrapSha256": hashlib.sha256(self.token.encode()).hexdigest(),
            "SenderDomain": SENDER_DOMAIN,
            "GraphUrl": self.cloud["HOLDFAST_GRAPH_URL"],
            "LoginUrl": self.cloud["HOLDFAST_LOGIN_URL"],
        }
        self.parameters = parameters
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(**self.stack(parameters), OnFailure="DO_NOTHING")
        stack = self.stack_is("CREATE_COMPLETE")
        made = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        self.made = {r["LogicalResourceId"]: r["PhysicalResourceId"] for p in made for r in p["StackResourceSummaries"]}
        self.summary["resources"] = len(self.made)
        outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
        if outputs["ConsentCallback"] != f"{PUBLIC_URL}/v1/consent/callback":
            raise Failed(f"the callback is {outputs['ConsentCallback']}")
        api = re.match(r"https://(\w+)\.execute-api\.", outputs["ApiUrl"])[1]
        self.api = f"{self.endpoint}/_aws/execute-api/{api}/$default"
        store = self.client("secretsmanager")
        for name, client_id in (("reader", READER), ("writer", WRITER)):
            value = {"clientId": client_id, "clientSecret": f"simulated-{name}-secret"}
            store.put_secret_value(SecretId=f"{STACK}/graph-{name}", SecretString=json.dumps(value))

    # ---------------------------------------------------------------- what must hold

    def the_door_is_shut(self):
        """Nobody comes in without a token, or with a wrong one; what is open to all is open."""
        asked = {
            "without a token": self.answers(f"{self.api}/v1/organisations")[0],
            "with a wrong token": self.answers(f"{self.api}/v1/organisations", token="hft_" + "0" * 43)[0],
            "of a route that is none": self.answers(f"{self.api}/v1/nothing", token=self.token)[0],
            "the open document": self.answers(f"{self.api}/v1/openapi.json")[0],
        }
        wanted = {
            "without a token": (401,),
            "with a wrong token": (401, 403),
            "of a route that is none": (404,),
            "the open document": (200,),
        }
        self.summary["door"] = asked
        wrong = {k: v for k, v in asked.items() if v not in wanted[k]}
        if wrong:
            raise Failed(f"the door answers {wrong}")

    def the_story_holds(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "HOLDFAST_"))}
        environment |= {**self.cloud, "HOLDFAST_BOOTSTRAP_TOKEN": self.token}
        command = [self.holdfast, "demo", "--json", "--api", self.api, "--public-url", PUBLIC_URL]
        try:
            told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            raise Failed("the story does not end within 300 s") from None
        if told.returncode != 0:
            raise Failed(f"the story: {told.stdout[-3000:]} {told.stderr[-1000:]}")
        story = json.loads(told.stdout)
        self.summary["story"] = {
            k: story[k] for k in ("verified", "seconds", "happenings", "changes", "changesLeft", "faults")
        }
        self.summary["story"]["steps"] = {s["step"]: s["seconds"] for s in story["steps"]}

    def the_mail_left(self):
        def mails():
            sent = json.loads(self.answers(f"{self.endpoint}/_ministack/ses/messages")[1])["messages"]
            all_sent = [m for of_account in sent.values() for m in of_account]
            return [m for m in all_sent if "Noah Fischer" in json.dumps(m)]

        found = wait_for("a mail about the privileged role leaves", 60, mails)
        if any("ada.berg@northwind.example" not in json.dumps(m) for m in found):
            raise Failed("the mail about the privileged role went to somebody else")
        self.summary["mails"] = len(found)

    def the_logs_tell_the_story(self):
        """Metrics and who it was about, by one name through every queue, and nothing of a customer."""
        logs, lines = self.client("logs"), {}
        functions = {r["Properties"]["FunctionName"]["Fn::Sub"] for r in self.functions.values()}
        # `purge-data` has not run.
        for job in sorted(name.rsplit("}-", 1)[1] for name in functions if not name.endswith("purge-data")):
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{STACK}-{job}")
            texts = [e["message"].strip() for p in pages for e in p["events"]]
            told = "\n".join(texts)
            for private in self.private:
                if private in told:
                    raise Failed(f"{job} logs {private[:12]}")
            lines[job] = [json.loads(t) for t in texts if t.startswith("{")]
        works = {job: [l for l in of if l.get("span", {}).get("name") == "message"] for job, of in lines.items()}
        for job in ("take-snapshot", "diff-snapshots", "preview-restore", "run-restore", "send-digests"):
            if not works[job]:
                raise Failed(f"{job} logs nothing of its messages")
            names = ("job", "tenant", "message", "request")
            nameless = [l for l in works[job] if not all(l["span"].get(k) for k in names)]
            if nameless:
                raise Failed(f"{job} does not say whose it is: {nameless[0]}")
        traces = [{l["span"].get("trace") for l in works[job]} for job in ("take-snapshot", "diff-snapshots")]
        if not set.intersection(*traces) - {None}:
            raise Failed(f"no story goes through a queue: {traces}")
        counted = sum(l.get("SnapshotsSealed", 0) for l in lines["take-snapshot"] if "_aws" in l)
        if counted < 1:
            raise Failed("no sealed snapshot was counted")
        self.summary["logged"] = {job: len(of) for job, of in lines.items()}

    def count(self, logical):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = self.client("sqs")
        found = sqs.get_queue_attributes(QueueUrl=self.made[logical], AttributeNames=names)["Attributes"]
        return sum(int(found[n]) for n in names)

    def queues_are_empty(self):
        queues = [r for r in self.made if r.endswith(("Queue", "DeadLetters"))]
        if len(queues) != 15:
            raise Failed(f"the stack has queues {queues}")
        left = wait_for("the queues are empty", 60, lambda: not any(self.count(q) for q in queues))
        self.summary["queuesEmpty"] = left

    def what_cannot_be_read_is_parked(self):
        """One message of a batch cannot be read: it alone comes back, and is parked after its last receipt."""
        sqs, queue = self.client("sqs"), self.made["SendDigestsQueue"]
        # Why: the queue's own time is 12 minutes for each of five receipts. The rest of its attributes stays.
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
        rows = self.client("dynamodb").scan(TableName=self.made["Catalog"])["Items"]
        # Why by its keys: other ids than the tenant's stand in a row, in no order.
        of = re.compile(r"tenant/([0-9a-f-]{36})$")
        keys = ((of.search(r["pk"]["S"]), r["sk"]["S"]) for r in rows)
        tenant, key = next((m[1], k) for m, k in keys if m and k.startswith("notice#privileged-changes."))
        # A notice that has left once and is told again, which a repeated message may do.
        good = json.dumps({"type": "send-notice.v1", "tenant": tenant, "notice": key.removeprefix("notice#")})
        bodies = [good, '{"type":', good]
        entries = [
            {"Id": str(n), "MessageBody": b, "MessageGroupId": f"check-{n}", "MessageDeduplicationId": f"check-{n}"}
            for n, b in enumerate(bodies)
        ]
        sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        if len(sent.get("Successful", [])) != len(bodies):
            raise Failed("the messages were not taken")
        wait_for("one message is parked, the others are handled", 60, lambda: self.count("SendDigestsDeadLetters") == 1)
        wait_for("the queue is empty", 10, lambda: self.count("SendDigestsQueue") == 0)
        parked = sqs.receive_message(QueueUrl=self.made["SendDigestsDeadLetters"])["Messages"]
        if [m["Body"] for m in parked] != [bodies[1]]:
            raise Failed(f"parked is {[m['Body'] for m in parked]}")
        self.summary["parked"] = len(parked)

    def what_was_parked_is_redriven(self):
        """A message whose row is gone is parked; the row comes back, the message is moved back, and is done."""
        sqs, table = self.client("sqs"), self.client("dynamodb")
        queue, letters = self.made["SendDigestsQueue"], self.made["SendDigestsDeadLetters"]
        sqs.purge_queue(QueueUrl=letters)
        rows = table.scan(TableName=self.made["Catalog"])["Items"]
        row = next(r for r in rows if r["sk"]["S"].startswith("notice#privileged-changes."))
        key = {k: row[k] for k in ("pk", "sk")}
        tenant = row["pk"]["S"].removeprefix("tenant/")
        notice = row["sk"]["S"].removeprefix("notice#")
        table.delete_item(TableName=self.made["Catalog"], Key=key)
        message = {
            "MessageBody": json.dumps({"type": "send-notice.v1", "tenant": tenant, "notice": notice}),
            "MessageGroupId": tenant,
        }
        sqs.send_message(QueueUrl=queue, MessageDeduplicationId="lost", **message)
        wait_for("the message is parked", 60, lambda: self.count("SendDigestsDeadLetters") == 1)
        table.put_item(TableName=self.made["Catalog"], Item=row)
        # The stand-in has no StartMessageMoveTask: what it does is done here.
        parked = sqs.receive_message(QueueUrl=letters, AttributeNames=["All"])["Messages"][0]
        if parked["Attributes"]["MessageGroupId"] != tenant:
            raise Failed("a parked message is not of its group any more")
        sqs.send_message(QueueUrl=queue, MessageDeduplicationId="moved", **message)
        sqs.delete_message(QueueUrl=letters, ReceiptHandle=parked["ReceiptHandle"])
        wait_for("the message is done", 30, lambda: self.count("SendDigestsQueue") == 0)
        if self.count("SendDigestsDeadLetters") != 0:
            raise Failed("the message was parked again")
        self.summary["redriven"] = True

    def partner(self, name):
        """A new partner's API token."""
        body = {"name": name, "owner": {"name": "Ada", "email": "ada@turned-back.example"}}
        status, text = self.answers(f"{self.api}/v1/partners", "POST", self.token, json.dumps(body).encode())
        if status != 201:
            raise Failed(f"a partner is not made: {status} {text[:300]}")
        token = json.loads(text)["ownerToken"]
        self.private += [token, "ada@turned-back.example"]
        return token

    def the_table_is_turned_back(self):
        """As infra/README.md says: restored beside the old one, and put in its place by a parameter."""
        table, old = self.client("dynamodb"), self.made["Catalog"]
        kept = self.partner("Before")
        table.restore_table_to_point_in_time(
            SourceTableName=old, TargetTableName=f"{old}-restored", UseLatestRestorableTime=True
        )
        lost = self.partner("After")

        def asked(token):
            return self.answers(f"{self.api}/v1/partner", token=token)[0]

        parameters = {**self.parameters, "RestoredTable": f"{old}-restored"}
        self.client("cloudformation").update_stack(**self.stack(parameters))
        self.stack_is("UPDATE_COMPLETE")
        # Neither was asked with before: the gateway keeps what the authorizer said for a minute.
        if (asked(kept), asked(lost)) != (200, 403):
            raise Failed("known is not who was there at that moment")
        self.summary["turnedBack"] = True

    def run(self):
        for part in (
            self.begin,
            self.package,
            self.deploy,
            self.the_door_is_shut,
            self.the_story_holds,
            self.the_mail_left,
            self.queues_are_empty,
            self.what_cannot_be_read_is_parked,
            self.what_was_parked_is_redriven,
            self.the_table_is_turned_back,
            self.the_logs_tell_the_story,
        ):
            since = time.monotonic()
            try:
                part()
            finally:
                took = self.summary.setdefault("seconds", {})
                took[part.__name__] = round(time.monotonic() - since, 2)

    def last_lines(self):
        """What the stand-in and its functions said last, for whoever has to find out why."""
        for log in ("ministack.log", "simulated.log"):
            path = self.scratch / log
            if path.exists():
                lines = path.read_text(errors="replace").splitlines()
                print(f"--- {log}", *lines[-60:], sep="\n", file=sys.stderr)

    def end(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGINT)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def main():
    # What is begun in the background has interrupts ignored, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    ministack, holdfast, binaries = (pathlib.Path(p).absolute() for p in sys.argv[1:])
    with tempfile.TemporaryDirectory() as scratch:
        check = Check(ministack, holdfast, binaries, pathlib.Path(scratch))
        failure = None
        try:
            check.run()
        except Failed as why:
            failure = str(why)
        except Exception as why:  # an SDK's, or a shape that is not as it should be: told with the logs too
            failure = f"{type(why).__name__}: {why}"
        finally:
            check.end()
        if failure:
            check.last_lines()
        check.summary["failure"] = failure
        print(json.dumps(check.summary))
        return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
