"""All definitions of a code location: loading, compiling to the manifest, the live side."""
