"""The limits of FORMAT.md: each length is compared with its limit before it is used."""

PAYLOAD_BYTES_MAX = 16 << 20
METADATA_BYTES_MAX = 64 << 10
RULE_BYTES_MAX = 64 << 10
EXTENSIONS_BYTES_MAX = 4096
NAME_BYTES_MAX = 1024  # an entity or a scope
KIND_NAME_BYTES_MAX = 255
COMMIT_BYTES_MAX = 40 << 20
SIGNATURES_MAX = 64
SIGNATURE_BYTES_MIN = 4
SIGNATURE_BYTES_MAX = 1024
ORIGIN_BYTES_MAX = 255
SEGMENT_BYTES_MAX = (1 << 30) + (128 << 10)  # of its file
STORE_META_BYTES_MAX = 4096
VALUES_WITHIN_MAX = 64  # arrays and maps around a value
