-- Every order that is asked for has an index: a sorter would hold all rows at once.
CREATE TABLE about (form INTEGER, engine TEXT);
CREATE TABLE thing (iri TEXT PRIMARY KEY, place TEXT, day TEXT) WITHOUT ROWID;
CREATE TABLE document (
    thing TEXT,  -- empty: a document of the whole
    name TEXT,
    digest TEXT,
    size INTEGER,
    made INTEGER,
    packed INTEGER,
    PRIMARY KEY (thing, name)
) WITHOUT ROWID;
CREATE INDEX document_name ON document (name);
CREATE TABLE listed (
    iri TEXT,
    lang INTEGER,
    section TEXT,
    rank TEXT,
    starts TEXT,
    grouped TEXT,
    folded TEXT,
    said TEXT,
    found TEXT,  -- what the search has of it
    brief TEXT,  -- the same without its description
    PRIMARY KEY (iri, lang)
) WITHOUT ROWID;
CREATE INDEX listed_section ON listed (section, iri, lang);
CREATE INDEX listed_name ON listed (lang, folded, iri);
CREATE TABLE beginning (
    lang INTEGER,
    letters TEXT,
    folded TEXT,
    iri TEXT,
    PRIMARY KEY (lang, letters, folded, iri)
) WITHOUT ROWID;
CREATE INDEX beginning_iri ON beginning (iri);
