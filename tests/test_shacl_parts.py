"""A graph that is validated in parts has the results of the whole."""

import os
import tempfile
from pathlib import Path

import pyoxigraph as ox
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from shacl_cases import FAR, QUERIES, graphs, results, serialized, shapes_graphs
from stadtgraph.shacl.parts import validate_in_parts
from stadtgraph.shacl.plans import read_plan
from stadtgraph.shacl.reads import Reads
from stadtgraph.shacl.run import validate_compiled

CASES = int(os.environ.get("SHACL_CASES", "150"))


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=CASES <= 1000,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    print_blob=True,
)
@given(shapes_graphs(QUERIES + FAR), st.lists(graphs, min_size=1, max_size=2), st.integers(1, 4))
def test_the_report_on_parts_is_the_report_on_the_whole(shape_triples, contents, parts):
    with tempfile.TemporaryDirectory() as place:
        shapes = Path(place) / "shapes.ttl"
        shapes.write_bytes(serialized(shape_triples, ox.RdfFormat.TURTLE))
        data = [Path(place) / f"{number}.nt" for number in range(len(contents))]
        for path, triples in zip(data, contents, strict=True):
            path.write_bytes(serialized(triples, ox.RdfFormat.N_TRIPLES))
        event("with a last step" if Reads(read_plan([shapes])[1]).whole else "in parts alone")
        ours, whole = validate_in_parts(data, [shapes], parts), validate_compiled(data, [shapes])
        assert results(ours) == results(whole)
        assert (ours.conforms, ours.counts, dict(ours.focus)) == (whole.conforms, whole.counts, whole.focus)
        assert len(ours.owners) == len(whole.owners)
