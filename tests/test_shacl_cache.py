"""What changed is checked again, and the results are those of a full run."""

import os
import tempfile
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import pyoxigraph as ox
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from rdflib import BNode

from shacl_cases import FAR, QUERIES, graphs, shapes_graphs
from stadtgraph.shacl import memory, sparql
from stadtgraph.shacl.graphs import to_oxigraph
from stadtgraph.shacl.run import validate_compiled

CASES = int(os.environ.get("SHACL_CASES", "150"))
files = st.dictionaries(st.sampled_from(["a.nt", "b.nt", "c.nt"]), graphs, min_size=1)


def serialized(triples, form):
    return ox.serialize([ox.Triple(*triple) for triple in triples], format=form)


def write(folder, contents):
    for path in folder.glob("*.nt"):
        path.unlink()
    for name, triples in contents.items():
        (folder / name).write_bytes(
            ox.serialize([ox.Triple(*t) for t in triples], format=ox.RdfFormat.N_TRIPLES)
        )
    return [folder / name for name in contents]


def results(report):
    """Return the results; names of blank nodes are new each time."""

    def text(node):
        return "_:" if isinstance(node, BNode) else node and str(to_oxigraph(node))

    return Counter(
        (
            *map(text, (r.focus_node, r.path, r.value, r.component, r.source_shape, r.source_constraint)),
            str(r.severity),
            str(sorted(r.messages.items())) if "_" not in str(r.messages) else "",
        )
        for r in report.results
    )


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=CASES <= 1000,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    print_blob=True,
)
@given(shapes_graphs(QUERIES + FAR), st.lists(files, min_size=2, max_size=4), st.booleans())
def test_after_any_edits_the_results_are_those_of_a_full_run(shape_triples, versions, at_once):
    with tempfile.TemporaryDirectory() as place, patch.object(memory, "SHARE", 0):
        folder = Path(place)
        shapes = folder / "shapes.ttl"
        shapes.write_bytes(ox.serialize([ox.Triple(*t) for t in shape_triples], format=ox.RdfFormat.TURTLE))
        for contents in versions:
            data = write(folder, contents)
            with patch.object(sparql, "FEW", 0 if at_once else 1000):
                remembered = memory.validate_remembering(data, [shapes], folder=folder / "cache")
                full = validate_compiled(data, [shapes])
            assert results(remembered) == results(full)
            assert remembered.counts == full.counts
            assert +Counter(remembered.focus) == +Counter(full.focus)
            assert len(remembered.owners) == len(full.owners)
        event("remembered" if any((folder / "cache").glob("*")) else "not remembered")
