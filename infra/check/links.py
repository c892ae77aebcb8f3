"""Writes into an OpenAPI document what of one answer the next request is made of: `links.py FROM TO`. What makes something
answers its `id`, and a list names the ids of its items; both lead to every operation that is below it by one more part of
the path. For checks that follow such links; the document that clients get has none."""

import json
import re
import sys

source, target = sys.argv[1:]
document = json.load(open(source))


def resolved(schema):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def properties(schema):
    schema = resolved(schema)
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        found |= properties(part)
    return found


def where_the_id_is(answer):
    """The place of the id of what was made, or of a list's first item; none where the answer has neither."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    has = properties(schema)
    if "id" in has:
        return "$response.body#/id"
    if "items" in has and "id" in properties(resolved(has["items"]).get("items", {})):
        return "$response.body#/items/0/id"
    return None


operations = [
    (path, method, operation)
    for path, methods in document["paths"].items()
    for method, operation in methods.items()
    if isinstance(operation, dict) and "operationId" in operation
]
made = 0
for path, method, operation in operations:
    if method not in ("get", "post"):
        continue
    for status, answer in operation["responses"].items():
        place = where_the_id_is(answer) if status.startswith("2") else None
        if place is None:
            continue
        known = {name: f"$request.path.{name}" for name in re.findall(r"{(\w+)}", path)}
        for below, _, led_to in operations:
            one_more = re.match(re.escape(path) + r"/{(\w+)}(/|$)", below)
            if one_more is None or operation["operationId"] == led_to["operationId"]:
                continue
            parameters = known | {one_more[1]: place}
            if set(re.findall(r"{(\w+)}", below)) <= set(parameters):
                link = {"operationId": led_to["operationId"], "parameters": parameters}
                answer.setdefault("links", {})[led_to["operationId"]] = link
                made += 1
if made < 20:
    sys.exit(f"only {made} links: the document is no longer read rightly")
json.dump(document, open(target, "w"))
print(f"{made} links from answers to requests")
