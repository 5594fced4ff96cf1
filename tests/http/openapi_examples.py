"""Checks that /openapi.json is a valid OpenAPI document, and posts the events that it has as examples, so that
there is something to find. Takes the server's address."""

import json
import sys
from urllib.request import Request, urlopen

from openapi_spec_validator import validate


def main(server):
    with urlopen(f"{server}/openapi.json") as answer:
        document = json.load(answer)
    validate(document)
    posted = 0
    for path, item in document["paths"].items():
        if "post" not in item:
            continue
        content = item["post"]["requestBody"]["content"]["application/json"]
        examples = [example["value"] for example in content.get("examples", {}).values()]
        for body in examples or [content["example"]]:
            post(server + path, body)
            posted += 1
    if posted == 0:
        sys.exit("the document has no example of an event")
    print(f"The document is valid; {len(document['paths'])} paths, {posted} examples posted.")


def post(url, body):
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    urlopen(request).close()


main(sys.argv[1])
