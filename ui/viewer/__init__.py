"""The viewer: what a case looks like as slices, and what the browser needs to page through them."""
