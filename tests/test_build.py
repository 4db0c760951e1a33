"""A publication is whole, repeatable and never half there."""

import gzip
import hashlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, RdfFormat, Store
from rdflib import BNode, Dataset, Graph

from stadtgraph.load import LABELS, load
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site import feeds, indexes, spread, tables
from stadtgraph.site.build import CannotPublish, publish, switch
from stadtgraph.site.packed import siblings as packed_forms
from stadtgraph.site.reading import RDF, Reading
from stadtgraph.site.writer import Writer

pytestmark = pytest.mark.dear
TRIPLES = ("ttl", "nt", "jsonld", "rdf")
QUADS = ("trig", "nq")
SOURCE = VOCABULARIES["dcterms"] + "source"


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def test_every_form_holds_the_same_triples(public):
    latest = public / "download" / "latest"
    graphs = [set(Graph().parse(latest / f"dataset.{form}")) for form in TRIPLES]
    for form in QUADS:
        dataset = Dataset(default_union=True)
        dataset.parse(latest / f"dataset.{form}")
        graphs.append(set(dataset.triples((None, None, None))))
    assert len(graphs[0]) > 1000
    assert not any(isinstance(term, BNode) for triple in graphs[0] for term in triple)
    assert all(graph == graphs[0] for graph in graphs)


def test_ntriples_are_sorted(public):
    lines = (public / "download" / "latest" / "dataset.nt").read_text().splitlines()
    assert lines == sorted(
        lines, key=lambda line: (line.split(" ")[0], "22-rdf-syntax-ns#type>" not in line.split(" ")[1], line)
    )


def test_the_union_and_the_named_graphs_agree(public):
    store = Store()
    store.load(path=str(public / "download" / "latest" / "dataset.nq"), format=RdfFormat.N_QUADS)
    lines = (public / "download" / "latest" / "dataset.nt").read_text().splitlines()
    assert {str(quad.triple) + " ." for quad in store} == set(lines)


def test_checksums_name_every_file(public):
    sums = dict(line.split("  ")[::-1] for line in (public / "SHA256SUMS").read_text().splitlines())
    files = tree(public)
    del files["SHA256SUMS"]
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


@pytest.mark.parametrize(
    ("folder", "first", "seeds"),
    [(".", "public", ["1"]), ("tests/cities/musterstadt", "small", ["1", "2", "random"])],
    ids=["city", "musterstadt"],
)
def test_two_builds_are_byte_identical_whatever_the_hash_seed(
    run, root, request, tmp_path, folder, first, seeds
):
    """The first one has another seed each time."""
    other = tree(request.getfixturevalue(first))
    for seed in seeds:
        result = run("publish", "--root", root / folder, "--out", tmp_path / seed, PYTHONHASHSEED=seed)
        assert result.returncode == 0, result.stderr
        assert tree(tmp_path / seed) == other


def test_publishing_the_same_again_says_so(run_anew, musterstadt):
    assert " is new: " in run_anew("publish", "--root", musterstadt).stdout
    assert " was up to date: " in run_anew("publish", "--root", musterstadt).stdout


def test_a_violation_leaves_the_last_publication_untouched(run, musterstadt):
    run("publish", "--root", musterstadt)
    before = tree(musterstadt / "public")
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace(' , "Works depot"@en', ""))
    result = run("publish", "--root", musterstadt)
    assert result.returncode == 1
    assert "data/organisations.ttl:11" in result.stderr
    assert "Not published" in result.stderr
    assert tree(musterstadt / "public") == before


def test_a_change_is_published_and_the_one_before_is_kept_for_readers(run, musterstadt):
    run("publish", "--root", musterstadt)
    before = (musterstadt / "public").resolve()
    file = musterstadt / "data" / "organisations.ttl"
    for name in ("Works yard", "Works site"):
        file.write_text(file.read_text().replace("Works depot", name).replace("Works yard", name))
        assert run("publish", "--root", musterstadt).returncode == 0
        assert name.encode() in (musterstadt / "public/download/latest/dataset.ttl").read_bytes()
    kept = [path for path in (musterstadt / ".public").iterdir() if path.is_dir()]
    assert len(kept) == 2
    assert before not in kept


def test_killed_at_any_moment_the_old_publication_stays_whole(musterstadt, run, run_anew):
    """Kill real publishing processes at many moments; a reader sees the old tree or the new one."""
    run("publish", "--root", musterstadt)
    old = tree(musterstadt / "public")
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace("Works depot", "Works yard"))
    other = shutil.copytree(musterstadt, musterstadt.parent / "other", symlinks=True)
    start = time.perf_counter()
    run_anew("publish", "--root", other)
    whole = time.perf_counter() - start
    new = tree(other / "public")
    killed = 0
    for moment in range(12):
        command = [Path(sys.executable).parent / "stadtgraph", "publish", "--root", musterstadt]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * (0.4 + 0.6 * moment / 12))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        assert tree(musterstadt / "public") in (old, new)
    assert killed
    assert run("publish", "--root", musterstadt).returncode == 0
    assert tree(musterstadt / "public") == new
    assert not list((musterstadt / ".public").glob("*.part"))


def test_killed_between_any_two_writes_the_old_publication_stays_whole(tmp_path):
    """Stop the process inside the switch at every system call that changes the disk."""
    out = tmp_path / "public"
    switch(out, {"a": b"old", "b/c": b"old"})
    old = tree(out)
    switch(tmp_path / "after", {"a": b"new", "b/c": b"new", "d": b"new"})
    new = tree(tmp_path / "after")
    script = """
import os, sys
from pathlib import Path
from stadtgraph.site.build import switch
left = int(sys.argv[2])
def audit(event, arguments):
    global left
    changes = ("os.rename", "os.mkdir", "os.symlink", "os.remove", "os.rmdir", "os.utime", "os.link")
    if event in changes or (event == "open" and arguments[1] in ("wb", "w")):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
sys.addaudithook(audit)
switch(Path(sys.argv[1]), {"a": b"new", "b/c": b"new", "d": b"new"})
"""
    outcomes = []
    for step in range(60):
        copy = tmp_path / str(step)
        copy.mkdir()
        switch(copy / "public", {"a": b"old", "b/c": b"old"})
        code = subprocess.run([sys.executable, "-c", script, copy / "public", str(step)]).returncode
        seen = tree(copy / "public")
        assert seen in (old, new)
        outcomes.append((code, seen == old))
        if code == 0:
            break
    assert (-9, True) in outcomes
    assert outcomes[-1] == (0, False)


def test_a_folder_of_somebody_else_is_not_touched(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "index.html").write_text("mine")
    with pytest.raises(CannotPublish):
        switch(tmp_path / "public", {"a": b"a"})
    assert (tmp_path / "public" / "index.html").read_text() == "mine"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_of_somebody_else_is_not_touched(tmp_path, there):
    if there:
        (tmp_path / "web").mkdir()
    (tmp_path / "public").symlink_to(tmp_path / "web")
    with pytest.raises(CannotPublish):
        switch(tmp_path / "public", {"a": b"a"})
    assert (tmp_path / "public").readlink() == tmp_path / "web"


def test_an_empty_folder_may_be_taken(tmp_path):
    (tmp_path / "public").mkdir()
    assert switch(tmp_path / "public", {"a": b"a"})
    assert (tmp_path / "public" / "a").read_bytes() == b"a"


def test_a_place_that_cannot_be_written_gets_a_sentence(run, musterstadt):
    (musterstadt / "file").write_text("")
    result = run("publish", "--root", musterstadt, "--out", musterstadt / "file" / "public")
    assert result.returncode == 2
    assert "cannot be written" in result.stderr
    assert "Traceback" not in result.stderr


def test_two_at_once_take_turns(musterstadt):
    command = [Path(sys.executable).parent / "stadtgraph", "publish", "--root", musterstadt]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sum(b" is new: " in output or b" ist neu: " in output for output in outputs) == 1
    assert (musterstadt / "public").is_symlink()


def test_one_changed_label_writes_only_what_shows_it(musterstadt):
    publish(load(musterstadt), musterstadt / "public")
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace("Works depot", "Works yard"))
    done = publish(load(musterstadt), musterstadt / "public")
    # What refers to it shows the new name, but nothing else is stated about it.
    assert [iri.rpartition("/")[2] for iri in done.changes.changed] == ["bauhof"]
    assert not done.changes.added and not done.changes.removed
    assert b"Works yard" in (musterstadt / "public/doc/ordnungsamt.en.html").read_bytes()
    new, old = (
        (musterstadt / "public").resolve(),
        min(
            (path for path in (musterstadt / ".public").iterdir() if path.is_dir()),
            key=lambda path: path.stat().st_mtime_ns,
        ),
    )
    content, before = tree(new), tree(old)
    linked = {name for name in content if (new / name).samefile(old / name)}
    assert linked == {name for name in content if content[name] == before[name]}
    assert (
        done.written
        == len([name for name in content.keys() - linked if not name.endswith((".br", ".gz"))]) - 1
    )


def test_an_index_in_several_pages_names_each_thing_once_and_says_from_where_to_where(
    musterstadt, monkeypatch
):
    publish(load(musterstadt), musterstadt / "whole")
    monkeypatch.setattr(indexes, "PER_PAGE", 2)
    publish(load(musterstadt), musterstadt / "public")
    entries = re.compile('<li><a class="thing [a-z]+" href="([^"]+)">')
    whole = entries.findall((musterstadt / "whole/list/body.html").read_text())
    first = (musterstadt / "public/list/body.html").read_text()
    pages = re.findall(r'<li><a href="([^"]+)"[^>]*>\d+<span class="note">([^<]+)</span>', first)
    assert len(pages) == -(-len(whole) // 2) > 1
    texts = [(musterstadt / "public/list" / Path(link).name).read_text() for link, _ in pages]
    assert [link for text in texts for link in entries.findall(text)] == whole
    names = re.compile('<li><a class="thing [a-z]+" href="[^"]+">([^<]+)</a>')
    for text, (_, span) in zip(texts, pages, strict=True):
        found = names.findall(text)
        assert span == (f"{found[0]} – {found[-1]}" if len(found) > 1 else found[0])


@pytest.mark.parametrize("content", [b"a", b"b"])
def test_a_name_that_is_taken_is_refused(tmp_path, content):
    writer = Writer(tmp_path)
    writer.write("doc/a.html", b"a")
    with pytest.raises(CannotPublish) as refused:
        writer.put("doc/a.html", content, {})
    assert "doc/a.html" in refused.value.sentence("en")
    with pytest.raises(CannotPublish):
        Writer(tmp_path, tmp_path).keep(writer.put("doc/b.html", content, {}))


def test_the_summary_says_what_changed(run, musterstadt):
    assert "Since the last publication" not in run("publish", "--root", musterstadt).stdout
    file = musterstadt / "data" / "organisations.ttl"
    text = file.read_text()
    file.write_text(text.replace("id:bauhof", "id:hafen").replace("Bauhof", "Hafen"))
    said = run("publish", "--root", musterstadt).stdout
    assert "1 thing new (Works depot)" in said
    assert "1 thing removed (bauhof)" in said


@pytest.mark.parametrize("name", ["doc/bauhof.html", "doc/bauhof.html.br", "data.html", "data.html.gz"])
def test_a_document_that_somebody_changed_is_written_anew(musterstadt, name):
    publish(load(musterstadt), musterstadt / "public")
    before = tree(musterstadt / "public")
    page = musterstadt / "public" / name
    page.write_text("mine")
    file = musterstadt / "data" / "organisations.ttl"
    text = file.read_text()
    file.write_text(text.replace("Public order", "Order"))
    publish(load(musterstadt), musterstadt / "public")
    file.write_text(text)
    publish(load(musterstadt), musterstadt / "public")
    assert tree(musterstadt / "public").keys() == before.keys()
    assert page.read_bytes() == before[name]


def test_notes_on_a_publication_are_not_published(public):
    assert not [name for name in tree(public) if "things" in name]


def test_a_packed_dump_holds_the_same(public):
    packed = sorted((public / "download").rglob("*.gz"))
    assert packed
    for path in packed:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()


def test_what_is_packed_has_the_same_bytes_with_each_version_of_python():
    """No name, no date and no system stand in its head (RFC 1952, 2.3.1); Python writes the system or not."""
    packed = dict(packed_forms("a.html", b"<p>a</p>" * 1000))["a.html.gz"]
    assert packed[:10] == b"\x1f\x8b\x08" + bytes(6) + b"\xff"


@pytest.mark.parametrize("folder", ["shapes", "queries/derive"])
def test_a_changed_rule_changes_every_page_that_shows_it(musterstadt, folder):
    # What was published as a version stays, which a publication from nothing cannot know.
    about = musterstadt / "shapes" / "about.ttl"
    about.write_text(re.sub(r".*owl:versionIRI.*\n", "", about.read_text()))
    publish(load(musterstadt), musterstadt / "public")
    told = re.compile(r'sh:message "|#\+ title: ')
    file = next(path for path in sorted((musterstadt / folder).iterdir()) if told.search(path.read_text()))
    file.write_text(told.sub(r"\g<0>Neu: ", file.read_text(), count=1))
    publish(load(musterstadt), musterstadt / "public")
    publish(load(musterstadt), musterstadt / "whole")
    assert tree(musterstadt / "public") == tree(musterstadt / "whole")


@pytest.mark.parametrize("notes", ["", "0", "[1, 2]"])
def test_notes_in_another_form_are_no_hindrance(musterstadt, notes):
    publish(load(musterstadt), musterstadt / "public")
    before = tree(musterstadt / "public")
    for path in (musterstadt / ".public").glob("*.things"):
        path.write_text(notes)
    done = publish(load(musterstadt), musterstadt / "public")
    assert done.first and not done.changed
    assert tree(musterstadt / "public") == before


EDITS = ("label", "name", "relation", "class", "comment", "remove", "description")


def _edit(text, chance, kind):
    """Change a file of statements somewhere: what people do."""
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("id:")]
    at = chance.choice(starts)
    end = next(n for n in range(at, len(lines)) if lines[n].endswith(" ."))
    name = lines[at].split(" ")[0]
    other = lines[chance.choice(starts)].split(" ")[0]
    match kind:
        case "label":
            lines.append(f'{name} skos:altLabel "Wort {chance.random()}"@de .')
        case "name":
            lines[at:end] = [
                re.sub('prefLabel "', f'prefLabel "{chance.choice("AMZ")}', line) for line in lines[at:end]
            ]
        case "class":
            kind = chance.choice(
                ("schema.org/Place", "schema.org/Event", "www.w3.org/2004/02/skos/core#Concept")
            )
            lines.append(f"{name} a <http{'s' * kind.startswith('schema')}://{kind}> .")
        case "relation":
            lines.append(f"{name} <http://www.w3.org/ns/org#linkedTo> {other} .")
        case "comment":
            lines.insert(chance.choice(starts), "# Bemerkung")
        case "description":
            lines.append(f'{name} <http://purl.org/dc/terms/description> "Text {chance.random()}"@de .')
        case "remove" if len(starts) > 2:
            del lines[at : end + 1]
    return "\n".join(lines) + "\n"


def editable(root):
    """The files of statements about things that have names."""
    texts = {file: file.read_text() for file in sorted((root / "data").rglob("*.ttl"))}
    return [file for file, text in texts.items() if "@prefix skos:" in text and "\nid:" in text]


def test_incremental_and_full_builds_are_equal_byte_for_byte(musterstadt, tmp_path, monkeypatch):
    # What large cities have: indexes and sitemaps in parts, tables in pieces, several processes.
    for module, size in ((indexes, "PER_PAGE"), (feeds, "MOST_PAGES"), (tables, "HELD")):
        monkeypatch.setattr(module, size, 3)
    monkeypatch.setattr(spread, "WORTH", 4)
    monkeypatch.setattr(spread, "BLOCK", 2)
    files = editable(musterstadt)
    first = {file: file.read_text() for file in files}

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.integers(0, 10**6), min_size=1, max_size=3))
    def edits(seeds):
        for file, text in first.items():
            file.write_text(text)
        publish(load(musterstadt), tmp_path / "step")
        for seed in seeds:
            file, chance = files[seed % len(files)], random.Random(seed)
            file.write_text(_edit(file.read_text(), chance, chance.choice(EDITS)))
            publish(load(musterstadt), tmp_path / "step")
        publish(load(musterstadt), tmp_path / "whole" / "public")
        assert tree(tmp_path / "step") == tree(tmp_path / "whole" / "public")
        shutil.rmtree(tmp_path / "whole")

    edits()


def test_a_label_and_the_days_of_its_file_and_of_the_dataset_write_only_what_shows_them(checkout):
    """What has to be changed when a name changes; the equality of all documents is shown below."""
    catalog, file = checkout / "data" / "catalog.ttl", checkout / "data" / "places.ttl"
    for path, begin in ((catalog, "/dataset> a "), (file, "graph:places a ")):
        before, found, after = path.read_text().partition(begin)
        changed = re.sub(r'(dcterms:modified) "[^"]+"', r'\1 "2031-01-31"', found + after, count=1)
        path.write_text(before + changed)
    file.write_text(file.read_text().replace('"Hansaplatz"@de', '"Der Hansaplatz"@de'))
    done = publish(load(checkout), checkout / "public")
    assert done.changed and done.written < done.files / 4
    pages = [(checkout / "public" / name).read_text() for name in ("index.html", "doc/hansaplatz.html")]
    assert all("Stand: 31.\u00a0Januar 2031" in page for page in pages)
    assert "2031" not in (checkout / "public" / "doc" / "gleichstellungsbuero.html").read_text()


def test_incremental_and_full_builds_of_the_real_city_are_equal_byte_for_byte(checkout, tmp_path):
    """Three rounds of edits, each kind once, each in a file of its own."""
    rounds = [("name", "relation", "comment"), ("class", "description"), ("remove", "label")]
    for number, kinds in enumerate(rounds):
        for file, kind in zip(editable(checkout)[number:], kinds, strict=False):
            file.write_text(_edit(file.read_text(), random.Random(number), kind))
        done = publish(load(checkout), checkout / "public")
        assert done.changes.changed
    publish(load(checkout), tmp_path / "whole")
    assert tree(checkout / "public") == tree(tmp_path / "whole")


@pytest.mark.parametrize(
    ("part", "thing"), [("object", "stadt-dortmund"), ("subject", "dortmunder-wissenschaftstag-13")]
)
def test_a_name_concerns_all_that_tells_of_conclusions_in_which_it_stands(site, part, thing):
    named = NamedNode(f"{site.base}id/{thing}")
    told = {quad.subject for quad in site.store.quads_for_pattern(None, NamedNode(RDF + part), named)}
    sources = {
        quad.object.value
        for conclusion in told
        for quad in site.store.quads_for_pattern(conclusion, NamedNode(SOURCE), None)
    }
    changed = [quad for label in LABELS for quad in site.store.quads_for_pattern(named, label, None)][:1]
    assert changed and sources <= Reading(site).affected(changed) != set() != sources
