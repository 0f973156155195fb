"""Canonicalises documents with libxml2, for crates/wsse/tests/interop.rs.

Standard input: a JSON list of [document, list of inclusive prefixes]. Standard output: one line each, base64 of the
exclusive canonical form without comments of the root element, "-" where libxml2 finds the document malformed, or "?"
where it does not canonicalise it although it is well-formed: a namespace name is a relative URI or none.
"""

import base64
import json
import sys

from lxml import etree

for document, prefixes in json.load(sys.stdin):
    try:
        root = etree.fromstring(document.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        print("?" if "is not a valid URI" in error.msg else "-")
        continue
    try:
        canonical = etree.tostring(
            root, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes or None
        )
    except etree.C14NError:
        print("?")
        continue
    print(base64.b64encode(canonical).decode())
