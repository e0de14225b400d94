"""Canonical bytes against the `rfc8785` library: leaves rest on them for ever."""

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bodyworn.core.canonical import canonical

# The library holds to 2^53 - 1, the largest whole number that RFC 8785 calls safe.
numbers = st.integers(-(2**53) + 1, 2**53 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
keys = st.text(st.characters(max_codepoint=127))
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
    max_leaves=25,
)


@given(values)
def test_canonical_bytes_are_those_of_rfc_8785(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]
