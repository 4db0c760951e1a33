"""What a page from here may load (Content Security Policy)."""

from __future__ import annotations

from typing import Final

POLICY: Final = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The query editor sets styles of its own; no other page may.
POLICY_OF_EDITOR: Final = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
