"""A second reader and verifier of batpak stores, written from docs/FORMAT.md and docs/PAYLOADS.md alone.

It shares no code, no language and no author's habits with the library. Where the two disagree about a store, one of them
is wrong or the document is unclear, and that is what it is for. It is written to be compared with the document, not to be
fast.
"""
