"""Receipts have the fields of ISO/IEC TS 27560, by the shapes that we publish; offline."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyshacl import validate
from rdflib import RDF, SH, Graph, URIRef
from tests.core.receipt_examples import RECEIPTS

# pyshacl asks rdflib for some things by names that rdflib is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SHAPES = Path(__file__).parents[2] / "docs" / "protocol" / "recording-receipt.shacl.ttl"


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return Graph().parse(SHAPES, format="turtle")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A context that had to be fetched would fail here."""

    def never(*_args: object, **_named: object) -> None:
        pytest.fail("the network was asked for something")

    monkeypatch.setattr("urllib.request.urlopen", never)
    monkeypatch.setattr("socket.socket.connect", never)


def graph(data: bytes) -> Graph:
    return Graph().parse(data=data, format="json-ld")


def conforms(found: Graph, shapes: Graph) -> tuple[bool, str]:
    ok, _, words = validate(found, shacl_graph=shapes, inference="none", advanced=False)
    return bool(ok), str(words)


@pytest.mark.parametrize("name", RECEIPTS)
def test_each_receipt_has_its_fields(name: str, shapes: Graph) -> None:
    found = graph(RECEIPTS[name])
    assert len(found) > 80
    ok, words = conforms(found, shapes)
    assert ok, words


def mandatory() -> list[URIRef]:
    """Return what some shape says has to be there."""
    shapes = Graph().parse(SHAPES, format="turtle")
    counted = {*shapes.subjects(SH.minCount), *shapes.subjects(SH.qualifiedMinCount)}
    paths = {path for one in counted for path in shapes.objects(one, SH.path)}
    return sorted(path for path in paths if isinstance(path, URIRef) and path != RDF.type)


@pytest.mark.parametrize("path", mandatory())
def test_without_a_mandatory_field_it_does_not_conform(path: URIRef, shapes: Graph) -> None:
    found = graph(RECEIPTS["withdrawn"])
    assert list(found.triples((None, path, None))), "nothing that no receipt has"
    found.remove((None, path, None))
    assert not conforms(found, shapes)[0]


def test_as_many_fields_are_mandatory_as_the_standard_has() -> None:
    # 27560 has 23 in record, processing, party and event; ours adds signature and pseudonyms.
    assert len(mandatory()) >= 23


DPV = "https://w3id.org/dpv#"


@pytest.mark.parametrize(
    ("term", "other"),
    [
        ("ConsentGiven", "ConsentExpired"),
        ("ConsentRequested", "ConsentUnknown"),
        ("ConsentNotice", "PrivacyNotice"),
        ("StorageDuration", "ProcessingDuration"),
        ("WithdrawConsent", "ReaffirmConsent"),
    ],
)
def test_another_type_does_not_conform(term: str, other: str, shapes: Graph) -> None:
    found = graph(RECEIPTS["given"])
    changed = list(found.triples((None, RDF.type, URIRef(DPV + term))))
    assert changed
    for triple in changed:
        found.remove(triple)
        found.add((triple[0], RDF.type, URIRef(DPV + other)))
    assert not conforms(found, shapes)[0]
