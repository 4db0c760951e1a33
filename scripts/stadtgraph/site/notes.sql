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
CREATE TABLE beginning (
    iri TEXT,
    lang INTEGER,
    letters TEXT,
    PRIMARY KEY (iri, lang, letters)
) WITHOUT ROWID;
