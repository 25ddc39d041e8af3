//! What stands in the picture of a screen, read back from the SVG text.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::*;

fn picture(draw: impl FnOnce(&mut Buffer)) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
    draw(&mut buffer);
    render(&buffer, &SvgOptions { title: "a & b".into(), ..SvgOptions::default() })
}

#[test]
fn words_stand_at_their_columns() {
    let svg = picture(|buffer| buffer.set_string(2, 1, "ab  漢c", Style::new()));
    assert!(svg.contains("<text x=\"28\" y=\"73.5\" textLength=\"18\" fill=\"#d4d8df\">ab</text>"), "{svg}");
    assert!(svg.contains("<text x=\"64\" y=\"73.5\" textLength=\"18\" fill=\"#d4d8df\">漢</text>"), "{svg}");
    assert!(svg.contains("<text x=\"82\" y=\"73.5\" fill=\"#d4d8df\">c</text>"), "{svg}");
}

#[test]
fn text_cannot_become_markup() {
    let svg = picture(|buffer| {
        buffer.set_string(0, 0, "<b>&\"x", Style::new());
        buffer[(10, 0)].set_symbol("\u{1b}\u{0}");
    });
    assert!(svg.contains(">&lt;b&gt;&amp;&quot;x</text>"), "{svg}");
    assert!(svg.contains("<title>a &amp; b</title>"), "{svg}");
    assert!(!svg.contains('\u{1b}') && !svg.contains('\0'), "{svg}");
}

#[test]
fn styles_are_resolved() {
    let svg = picture(|buffer| {
        buffer.set_string(0, 0, "red", Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
        buffer.set_string(4, 0, "rev", Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::REVERSED));
        buffer.set_string(8, 0, "dim", Style::new().add_modifier(Modifier::DIM | Modifier::ITALIC));
        buffer.set_string(12, 0, "u u", Style::new().add_modifier(Modifier::UNDERLINED));
        buffer.set_string(16, 0, "hid", Style::new().add_modifier(Modifier::HIDDEN));
    });
    assert!(svg.contains("fill=\"#e0656b\" font-weight=\"bold\">red</text>"), "{svg}");
    assert!(svg.contains("<rect x=\"46\" y=\"40\" width=\"27\" height=\"19\" fill=\"#010203\"/>"), "{svg}");
    assert!(svg.contains("fill=\"#14161b\">rev</text>"), "{svg}");
    assert!(svg.contains("fill=\"#74777d\" font-style=\"italic\">dim</text>"), "{svg}");
    assert!(svg.contains("<rect x=\"118\" y=\"56\" width=\"27\" height=\"1\" fill=\"#d4d8df\"/>"), "{svg}");
    assert!(!svg.contains("hid"), "{svg}");
}

#[test]
fn frames_and_bars_are_shapes() {
    let svg = picture(|buffer| {
        buffer.set_string(0, 0, "┌──┐", Style::new());
        buffer.set_string(6, 0, "███▌", Style::new());
        buffer.set_string(0, 1, "│", Style::new());
    });
    assert!(svg.contains("d=\"M19 49.5L37 49.5\""), "the two cells of the line are one: {svg}");
    assert!(svg.contains("d=\"M14.5 59L14.5 78\""), "the corner's stem and the side meet at 59: {svg}");
    assert!(svg.contains("width=\"27\" height=\"19\""), "{svg}");
    assert!(!svg.contains('█') && !svg.contains('─'), "{svg}");
}

#[test]
fn a_screen_of_no_size_is_a_picture_too() {
    let buffer = Buffer::empty(Rect::new(0, 0, 0, 0));
    let svg = render(&buffer, &SvgOptions { theme: Theme::Light, ..SvgOptions::default() });
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains("fill=\"#ffffff\""), "{svg}");
}

#[test]
fn the_cursor_is_a_reversed_cell() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
    buffer.set_string(0, 0, "abc", Style::new());
    let svg = render(&buffer, &SvgOptions { cursor: Some((1, 0)), ..SvgOptions::default() });
    assert!(svg.contains("<rect x=\"19\" y=\"40\" width=\"9\" height=\"19\" fill=\"#d4d8df\"/>"), "{svg}");
    assert!(svg.contains("fill=\"#14161b\">b</text>"), "{svg}");
}

proptest! {
    #[test]
    fn any_cells_make_well_formed_text(cells in proptest::collection::vec((any::<String>(), any::<u16>(), any::<u8>()), 24)) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 3));
        for (cell, (symbol, modifier, colour)) in buffer.content.iter_mut().zip(cells) {
            cell.set_symbol(&symbol);
            cell.modifier = Modifier::from_bits_truncate(modifier);
            cell.fg = Color::Indexed(colour);
        }
        let svg = render(&buffer, &SvgOptions::default());
        prop_assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
        // Every `<` opens one of our own elements, and every text is closed.
        for part in svg.split('<').skip(1) {
            let name: String = part.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '/').collect();
            let known = ["svg", "/svg", "style", "/style", "rect", "circle", "path", "text", "/text"];
            prop_assert!(known.contains(&name.as_str()), "{:?}", part);
        }
        prop_assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }
}
