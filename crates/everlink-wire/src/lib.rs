//! Codecs between bytes and Everlink's typed frames, sans-IO.
