//! Microsoft's OpenAPI.
