//! Chaos proxy and scripted WebSocket server, for anyone's tests.
