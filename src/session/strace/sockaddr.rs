//! Printed addresses of sockets as the kernel has them: unix(7), ip(7), ipv6(7). Others stay text.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::scalar::plain;
use crate::decode::printed::{pieces, unquote};

const AF_UNIX: u8 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// The bytes of `{sa_family=AF_INET, sin_port=htons(80), …}`; None for other families and for what was cut.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let fields = pieces(text.strip_prefix('{')?.strip_suffix('}')?);
    let field = |name: &str| fields.iter().find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let within = |text: &str, function: &str| -> Option<String> {
        Some(text.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')')?.to_string())
    };
    let port = |name: &str| Some((plain(&within(field(name)?, "htons")?)? as u16).to_be_bytes());
    match field("sa_family")? {
        "AF_INET" => {
            let ip: Ipv4Addr = within(field("sin_addr")?, "inet_addr")?.trim_matches('"').parse().ok()?;
            let mut out = vec![AF_INET, 0];
            out.extend(port("sin_port")?);
            out.extend(ip.octets());
            out.resize(16, 0);
            Some(out)
        }
        "AF_INET6" => {
            let address = fields.iter().find_map(|field| within(field, "inet_pton"))?;
            let ip: Ipv6Addr = pieces(&address).get(1)?.trim_matches('"').parse().ok()?;
            let mut out = vec![AF_INET6, 0];
            out.extend(port("sin6_port")?);
            out.extend((plain(&within(field("sin6_flowinfo")?, "htonl")?)? as u32).to_be_bytes());
            out.extend(ip.octets());
            out.extend((plain(field("sin6_scope_id")?)? as u32).to_le_bytes());
            Some(out)
        }
        "AF_UNIX" => {
            let mut out = vec![AF_UNIX, 0];
            match field("sun_path") {
                None => {}
                Some(name) => match name.strip_prefix('@') {
                    Some(name) => {
                        out.push(0);
                        out.extend(unquote(name).filter(|(_, cut)| !cut)?.0);
                    }
                    None => {
                        out.extend(unquote(name).filter(|(_, cut)| !cut)?.0);
                        out.push(0);
                    }
                },
            }
            Some(out)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::address_text;

    #[test]
    fn addresses_come_back_as_they_were() {
        for (text, address) in [
            ("{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}", "127.0.0.1:80"),
            (
                "{sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"::1\", &sin6_addr), sin6_scope_id=0}",
                "[::1]:443",
            ),
            ("{sa_family=AF_UNIX, sun_path=\"/run/x\"}", "/run/x"),
            ("{sa_family=AF_UNIX, sun_path=@\"name\"}", "@name"),
        ] {
            assert_eq!(bytes(text).as_deref().and_then(address_text).as_deref(), Some(address));
        }
        for text in
            ["{sa_family=AF_NETLINK}", "0x10", "", "{sa_family=AF_INET}", "{sa_family=AF_UNIX, sun_path=\"/a\"...}"]
        {
            assert_eq!(bytes(text), None);
        }
    }
}
