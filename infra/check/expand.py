"""Expands a SAM template as CloudFormation would, so that a linter sees what is really deployed.

`sam validate --lint` looks at the template as it is written and misses what only shows after the transform:
visibility timeouts below the function's, wrong attributes inside generated resources. Needs no account and no
network: parameters keep their references.

Use: expand.py TEMPLATE EXPANDED.json
"""

import json
import sys
from unittest.mock import MagicMock

from samtranslator.public.sdk.resource import SamResourceType
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


def expand(path):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file)
    # Code is uploaded by `sam deploy`; the transform only wants an address.
    for resource in template["Resources"].values():
        if resource["Type"] == SamResourceType.Function.value:
            resource["Properties"]["CodeUri"] = "s3://code/function.zip"
    # The roles are written out, so no managed policy is ever looked up.
    policies = MagicMock(spec=ManagedPolicyLoader)
    policies.load.side_effect = AssertionError("a function leaves its rights to a managed policy")
    return transform(template, {}, policies)


if __name__ == "__main__":
    source, target = sys.argv[1:]
    with open(target, "w", encoding="utf-8") as file:
        json.dump(expand(source), file, indent=1)
