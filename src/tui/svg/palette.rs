//! The colours of a picture: two themes, the 256-colour cube, blending. Leaves out the view's own themes, which choose among
//! these colours.

use std::fmt;

use ratatui::style::Color;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Dark,
    Light,
}

const fn hex(value: u32) -> Rgb {
    let [_, r, g, b] = value.to_be_bytes();
    Rgb(r, g, b)
}

/// Black, red, green, yellow, blue, magenta, cyan, grey; then the bright ones.
const DARK: [Rgb; 16] = [
    hex(0x1d2027),
    hex(0xe0656b),
    hex(0x8fc172),
    hex(0xd9b765),
    hex(0x6ea8f0),
    hex(0xc586d8),
    hex(0x5bbcc4),
    hex(0xc3c8d1),
    hex(0x727a89),
    hex(0xff868c),
    hex(0xaee08f),
    hex(0xf5d98a),
    hex(0x92c4ff),
    hex(0xdfa6ee),
    hex(0x7fdce4),
    hex(0xffffff),
];

/// Darker than a terminal's usual colours, because they must be read on white.
const LIGHT: [Rgb; 16] = [
    hex(0x24292f),
    hex(0xb4232c),
    hex(0x2c7a32),
    hex(0x8a6100),
    hex(0x1658b8),
    hex(0x8a3a9e),
    hex(0x0c7580),
    hex(0x8c95a0),
    hex(0x5f6873),
    hex(0xcf2f39),
    hex(0x37913e),
    hex(0xa57400),
    hex(0x2b72dc),
    hex(0xa44cba),
    hex(0x128c99),
    hex(0xf6f8fa),
];

impl Theme {
    /// `None` is the default colour, which depends on where it stands.
    pub fn colour(self, colour: Color) -> Option<Rgb> {
        let named = |index: usize| Some(self.sixteen()[index]);
        match colour {
            Color::Reset => None,
            Color::Black => named(0),
            Color::Red => named(1),
            Color::Green => named(2),
            Color::Yellow => named(3),
            Color::Blue => named(4),
            Color::Magenta => named(5),
            Color::Cyan => named(6),
            Color::Gray => named(7),
            Color::DarkGray => named(8),
            Color::LightRed => named(9),
            Color::LightGreen => named(10),
            Color::LightYellow => named(11),
            Color::LightBlue => named(12),
            Color::LightMagenta => named(13),
            Color::LightCyan => named(14),
            Color::White => named(15),
            Color::Indexed(index) => Some(self.indexed(index)),
            Color::Rgb(r, g, b) => Some(Rgb(r, g, b)),
        }
    }

    /// xterm's 256 colours: 16 named ones, a cube of 6 x 6 x 6, 24 greys.
    fn indexed(self, index: u8) -> Rgb {
        match index {
            0..=15 => self.sixteen()[usize::from(index)],
            16..=231 => {
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let cube = index - 16;
                Rgb(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
            }
            232..=255 => {
                let grey = 8 + 10 * (index - 232);
                Rgb(grey, grey, grey)
            }
        }
    }

    fn sixteen(self) -> &'static [Rgb; 16] {
        match self {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }

    fn pick(self, dark: u32, light: u32) -> Rgb {
        hex(if self == Theme::Dark { dark } else { light })
    }

    pub fn background(self) -> Rgb {
        self.pick(0x14161b, 0xffffff)
    }

    pub fn foreground(self) -> Rgb {
        self.pick(0xd4d8df, 0x24292f)
    }

    pub fn border(self) -> Rgb {
        self.pick(0x3a3f4a, 0xc8ced6)
    }

    pub fn title(self) -> Rgb {
        self.pick(0x9aa2b0, 0x5f6873)
    }

    pub fn buttons(self) -> [Rgb; 3] {
        [self.pick(0xe0656b, 0xe8888d), self.pick(0xd9b765, 0xe6c477), self.pick(0x8fc172, 0x9fcf84)]
    }
}

/// Half way between two colours: a dim text on its background.
pub fn blend(a: Rgb, b: Rgb) -> Rgb {
    Rgb(a.0.midpoint(b.0), a.1.midpoint(b.1), a.2.midpoint(b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_256_colours_are_xterms() {
        let theme = Theme::Dark;
        assert_eq!(theme.colour(Color::Indexed(16)), Some(Rgb(0, 0, 0)));
        assert_eq!(theme.colour(Color::Indexed(196)), Some(Rgb(255, 0, 0)));
        assert_eq!(theme.colour(Color::Indexed(67)), Some(Rgb(95, 135, 175)));
        assert_eq!(theme.colour(Color::Indexed(231)), Some(Rgb(255, 255, 255)));
        assert_eq!(theme.colour(Color::Indexed(232)), Some(Rgb(8, 8, 8)));
        assert_eq!(theme.colour(Color::Indexed(255)), Some(Rgb(238, 238, 238)));
        assert_eq!(theme.colour(Color::Indexed(9)), theme.colour(Color::LightRed));
        assert_eq!(theme.colour(Color::Reset), None);
    }
}
