"""Run ``stadtgraph`` often: each call is a process of its own, forked from one that has read the libraries.

It takes one call per line on standard input, as JSON, and answers with its exit code.
"""

import json
import os
import signal
import sys

import jinja2
import pyoxigraph
import pyshacl
import rdflib

import stadtgraph.site.build
import stadtgraph.validate_files

READ = (jinja2, pyoxigraph, pyshacl, rdflib, stadtgraph)


def call(arguments, folder, environment, out, err):
    """Become the command as a shell would start it."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for path, stream in ((os.devnull, 0), (out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_RDWR | os.O_TRUNC), stream)
    signal.alarm(600)
    sys.argv = ["stadtgraph", *arguments]
    # Not before: it looks at the arguments and the environment.
    from stadtgraph.cli import main

    main()


for line in sys.stdin:
    pid = os.fork()
    if not pid:
        call(*json.loads(line))
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
