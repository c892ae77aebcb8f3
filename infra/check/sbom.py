"""Holds documents of ../release/sbom.py against CycloneDX's schema, and against themselves.

Use: sbom.py FOLDER
"""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing

spdx = get_spdx_licensing()
schema = JsonStrictValidator(SchemaVersion.V1_6)
wrong = []
documents = sorted(Path(sys.argv[1]).glob("*.cdx.json"))
for path in documents:
    text = path.read_text(encoding="utf-8")
    invalid = schema.validate_str(text)
    if invalid:
        wrong.append(f"{path.name}: {invalid.data.message} at {list(invalid.data.absolute_path)}")
        continue
    body = json.loads(text)
    # The schema takes any text here.
    if (body["bomFormat"], body["specVersion"]) != ("CycloneDX", "1.6"):
        wrong.append(f"{path.name}: says that it is {body['bomFormat']} {body['specVersion']}")
    for part in body["components"]:
        for licence in part.get("licenses", []):
            unknown = spdx.validate(licence.get("expression") or licence["license"]["id"]).errors
            if unknown:
                wrong.append(f"{path.name}: licence of {part['name']}: {unknown}")
    here = {part["bom-ref"] for part in body["components"]} | {body["metadata"]["component"]["bom-ref"]}
    told = {link["ref"] for link in body["dependencies"]}
    named = {ref for link in body["dependencies"] for ref in link["dependsOn"]}
    if told != here or not named <= here:
        wrong.append(f"{path.name}: parts and what they depend on differ: {sorted(told ^ here | named - here)}")
    # What comes from the registry is named so that it can be found there, byte by byte.
    crates = [part for part in body["components"] if part.get("purl", "").startswith("pkg:cargo/")]
    loose = [part["name"] for part in crates if not part.get("hashes")]
    if loose:
        wrong.append(f"{path.name}: without a checksum: {loose}")
    if "/home/" in text or "path+file" in text:
        wrong.append(f"{path.name}: holds a path of this machine")
if not documents:
    wrong.append("there is no document")
if wrong:
    sys.exit("\n".join(wrong))
