"""Holds an expanded template against checkov's rules for CloudFormation.

What fails has to be named in policies.yaml with a reason. What is named there and does not fail is told too: the
resource is gone, or mended, and the exception would hide the next mistake. Needs no account and no network: the rules
are part of the package, and nothing is uploaded without a key.

Use: policies.py EXPANDED.json EXCEPTIONS.yaml
"""

import json
import subprocess
import sys
from pathlib import Path

import yaml

# A template that is not understood fails no rule. This is less than half of what passes today.
LEAST_PASSED = 80


def verdicts(expanded):
    """checkov's report; resources as the template names them."""
    checkov = Path(sys.executable).with_name("checkov")
    options = ["--framework", "cloudformation", "--skip-download", "--compact", "--soft-fail", "--output", "json"]
    # From another folder, where no settings of checkov's are found.
    done = subprocess.run(
        [sys.executable, checkov, *options, "--file", Path(expanded).resolve()],
        cwd=Path(expanded).resolve().parent,
        stdout=subprocess.PIPE,
        check=True,
    )
    report = json.loads(done.stdout)
    if "results" not in report:
        sys.exit(f"checkov found nothing to look at: {report}")
    return report


def of(resource):
    """`AWS::S3::Bucket.Vault` is `Vault`."""
    return resource.rsplit(".", 1)[1]


def exceptions(path):
    allowed = {}
    for entry in yaml.safe_load(Path(path).read_text(encoding="utf-8")):
        if not entry["reason"].strip():
            sys.exit(f"{entry['rule']}: an exception without a reason")
        for resource in entry["resources"]:
            if (entry["rule"], resource) in allowed:
                sys.exit(f"{entry['rule']} on {resource}: named twice")
            allowed[entry["rule"], resource] = entry["reason"]
    return allowed


def main(expanded, path):
    report = verdicts(expanded)
    results, summary = report["results"], report["summary"]
    failed = {(check["check_id"], of(check["resource"])): check["check_name"] for check in results["failed_checks"]}
    allowed = exceptions(path)
    wrong = [f"{rule} on {name}: {failed[rule, name]}" for rule, name in sorted(failed.keys() - allowed.keys())]
    wrong += [
        f"{rule} on {name}: named in {path}, and does not fail" for rule, name in sorted(allowed.keys() - failed.keys())
    ]
    # Why: an exception that stands in the template itself would not be looked at here.
    skipped = results["skipped_checks"]
    wrong += [f"{check['check_id']} on {of(check['resource'])}: skipped inside the template" for check in skipped]
    if summary["parsing_errors"] or summary["passed"] < LEAST_PASSED:
        wrong.append(f"checkov did not understand the template: {summary}")
    print(f"checkov {summary['checkov_version']}: {summary['passed']} passed, {len(allowed)} exceptions with reasons")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main(*sys.argv[1:])
