"""The custody of one recording as CASE 1.5 JSON-LD, for other people's forensic tools.

A provenance record (the recording), its file with digests, and one investigative action an event,
in the words of CASE and UCO (caseontology.org). Nothing stands here that is not in `custody.json`
as well; what proves it is there and not here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bodyworn.core.clock import iso
from bodyworn.core.terms import EventType
from bodyworn.records.queries_of_one import EventRow
from bodyworn.work.narrate import told_name
from bodyworn.work.pack.nouns import Film, Item, Order
from bodyworn.work.pack.story import told

CONTEXT = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
Node = dict[str, Any]
ABOUT_THE_FILE = {EventType.CAPTURE, EventType.INGESTION}  # what brought it here


def case_json(
    order: Order, item: Item, film: Film, events: Sequence[EventRow], names: Mapping[str, str]
) -> str:
    """The whole graph as text."""
    origin = order.house.settings.log_origin
    force = _force(order.house.settings.force_name, origin)
    file, record = _file(item, film, origin), _id(origin, "record", item.recording.reference)
    performers = {event.actor: _performer(event.actor, names, origin) for event in events}
    actions = [_action(event, performers[event.actor], file, record, names) for event in events]
    provenance = {
        "@id": record,
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:name": item.recording.reference,
        "uco-core:description": f"Body worn video held by {order.house.settings.force_name}; its "
        f"events are entries of the log {origin}.",
        "case-investigation:exhibitNumber": item.recording.reference,
        "uco-core:object": [{"@id": file["@id"]}, {"@id": force["@id"]}],
    }
    graph = [force, file, provenance, *performers.values(), *actions]
    return json.dumps({"@context": CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n"


def _force(name: str, origin: str) -> Node:
    return {
        "@id": _id(origin, "force", name),
        "@type": "uco-identity:Organization",
        "uco-core:name": name,
    }


def _file(item: Item, film: Film, origin: str) -> Node:
    hashes = [_hash("SHA256", film.sha256, origin), _hash("SHA512", film.sha512, origin)]
    size = {"@type": "xsd:integer", "@value": str(film.size)}
    facets: list[Node] = [
        {
            "@id": _id(origin, "facet-file", film.sha256),
            "@type": "uco-observable:FileFacet",
            "uco-observable:fileName": item.name,
            "uco-observable:sizeInBytes": size,
        },
        {
            "@id": _id(origin, "facet-content", film.sha256),
            "@type": "uco-observable:ContentDataFacet",
            "uco-observable:sizeInBytes": size,
            "uco-observable:hash": hashes,
        },
    ]
    return {
        "@id": _id(origin, "file", f"{item.recording.reference}/{film.sha256}"),
        "@type": "uco-observable:File",
        "uco-core:name": item.name,
        "uco-core:hasFacet": facets,
    }


def _hash(method: str, digest: str, origin: str) -> Node:
    return {
        "@id": _id(origin, "hash", digest),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": method,
        "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": digest},
    }


def _performer(actor: str, names: Mapping[str, str], origin: str) -> Node:
    kind = "uco-tool:Tool" if actor.startswith("system:") else "uco-identity:Identity"
    return {
        "@id": _id(origin, "actor", actor),
        "@type": kind,
        "uco-core:name": told_name(actor, names),
    }


def _action(
    event: EventRow, performer: Node, file: Node, record: str, names: Mapping[str, str]
) -> Node:
    brought = event.type in ABOUT_THE_FILE
    return {
        "@id": f"urn:uuid:{uuid5(NAMESPACE_URL, event.leaf_hash)}",
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": event.type,
        "uco-core:description": told(event, names),
        "uco-action:startTime": {"@type": "xsd:dateTime", "@value": iso(event.at)},
        "uco-action:performer": {"@id": performer["@id"]},
        ("uco-action:result" if brought else "uco-action:object"): [
            {"@id": file["@id"]},
            {"@id": record},
        ],
    }


def _id(origin: str, kind: str, name: str) -> str:
    """The same thing has the same name in every pack."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{origin}/{kind}/{name}')}"
