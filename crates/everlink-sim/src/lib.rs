//! A deterministic network, peers and a reference model that judge the Everlink engine in virtual time.
