//! Where clients come from.

use std::net::IpAddr;

/// An address, a network, or the machine's own socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// `local`
    Local,
    /// An address, and how many of its bits count.
    Of(IpAddr, u32),
}

impl Network {
    /// `local`, `10.0.0.7` or `10.0.0.0/8`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "local" {
            return Some(Self::Local);
        }
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let all = length(address);
        let bits = bits.unwrap_or(all);
        (bits <= all).then_some(Self::Of(address, bits))
    }

    /// Whether a client comes from there, which has no address at the machine's own socket.
    pub fn holds(self, client: Option<&str>) -> bool {
        match (self, client) {
            (Self::Local, client) => client.is_none(),
            (Self::Of(network, bits), Some(client)) => {
                let client = client.parse::<IpAddr>().ok();
                client.is_some_and(|client| {
                    let differ = number(network) ^ number(client);
                    let rest = length(network) - bits;
                    length(client) == length(network)
                        && differ.checked_shr(rest).unwrap_or_default() == 0
                })
            }
            (Self::Of(..), None) => false,
        }
    }
}

fn length(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn addresses_and_networks() {
        for (network, client, wanted) in [
            ("10.0.0.7", Some("10.0.0.7"), true),
            ("10.0.0.7", Some("10.0.0.8"), false),
            ("10.0.0.0/8", Some("10.9.9.9"), true),
            ("10.0.0.0/8", Some("11.0.0.0"), false),
            ("0.0.0.0/0", Some("10.0.0.8"), true),
            ("0.0.0.0/0", Some("::1"), false),
            ("::/0", Some("::1"), true),
            ("fe80::/10", Some("fe80::1"), true),
            ("fe80::/10", Some("fec0::1"), false),
            ("10.0.0.7", None, false),
            ("local", None, true),
            ("local", Some("127.0.0.1"), false),
        ] {
            let parsed = Network::parse(network).unwrap();
            assert_eq!(parsed.holds(client), wanted, "{network} {client:?}");
        }
        for text in ["", "here", "10.0.0.0/33", "10.0.0.0/x", "::/129"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
