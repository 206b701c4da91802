"""The REST face: what the home knows, for programs that carry a member's token. One answer form, one error form, OpenAPI."""
