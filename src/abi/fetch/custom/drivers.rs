//! What requests to drivers lead to whose lists stand behind a header: the device mapper, SCSI, trusted environments,
//! input devices.

use super::super::plan::{Walk, le_word};
use super::super::{Fetch, limits};
use super::{message, take};

/// TEE_MAX_ARG_SIZE of linux/tee.h, bytes.
const TEE_ARGUMENTS: u64 = 1024;
/// `struct dm_ioctl` of linux/dm-ioctl.h, bytes.
const MAPPER: usize = 312;
/// The longest answer of an input device: bits of all keys, slots of a touch screen.
const INPUT: u64 = 4096;

/// Reads what lies behind the type; false if it is none of these.
pub fn fetch<F: Fetch>(walk: &mut Walk<'_, F>, name: &str, addr: u64) -> bool {
    match name {
        "dm_ioctl" => {
            let size = le_word(take(walk.object(addr, MAPPER), 12, 4)) as usize;
            if size > MAPPER {
                walk.keep(addr, size);
            }
        }
        "sg_io" => match walk.read_u32(addr) {
            Some(form) if form == u32::from(b'S') => third(walk, addr),
            Some(form) if form == u32::from(b'Q') => fourth(walk, addr),
            _ => {}
        },
        "tee_open_session" | "tee_invoke" | "tee_receive" | "tee_send" => {
            let header = walk.object(addr, 16);
            let (at, len) = (le_word(take(header, 0, 8)), le_word(take(header, 8, 8)));
            if len <= TEE_ARGUMENTS {
                walk.keep(at, len as usize);
            }
        }
        "btrfs" => btrfs(walk, addr),
        "btrfs_subvol_flags" => walk.keep(addr, 8),
        "btrfs_features" => walk.keep(addr, 24),
        "btrfs_features_set" => walk.keep(addr, 48),
        "btrfs_features_known" => walk.keep(addr, 72),
        "tee_shm_alloc" => walk.keep(addr, 16),
        "tee_shm_register" => walk.keep(addr, 24),
        "input_keycode" => walk.keep(addr, 8),
        "input_keymap" => walk.keep(addr, 40),
        "ff_effect" => walk.keep(addr, if walk.arch.word() == 8 { 48 } else { 44 }),
        "ioctl_family" => family(walk, addr),
        "video" => video(walk, addr),
        "gpioline_info" => walk.keep(addr, 72),
        "gpiohandle_request" => walk.keep(addr, 364),
        "gpioevent_request" => walk.keep(addr, 48),
        "gpiohandle_data" => walk.keep(addr, 64),
        "gpiohandle_config" => walk.keep(addr, 84),
        "gpio_v2_line_info" => walk.keep(addr, 256),
        "gpio_v2_line_request" => walk.keep(addr, 592),
        "gpio_v2_line_config" => walk.keep(addr, 272),
        "gpio_line_values" => walk.keep(addr, 16),
        _ => return false,
    }
    true
}

/// A request to an input device, linux/input.h: whether it reads, its number and how long the answer may be.
pub fn input_request(number: u64) -> Option<(bool, u64, u64)> {
    let (direction, kind, own, size) = (number >> 30 & 3, number >> 8 & 0xff, number & 0xff, number >> 16 & 0x3fff);
    (kind == u64::from(b'E') && matches!(direction, 1 | 2)).then_some((direction == 2, own, size))
}

/// TEE_IOC_SHM_REGISTER_FD of linux/tee.h, which few headers have.
pub const TEE_SHM_REGISTER_FD: u64 = 0xc020_a408;

/// Requests without a declaration of their own, because their number carries a parameter.
fn family<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64) {
    let number = walk.count(1) & 0xffff_ffff;
    match (input_request(number), walk.ret.is_some()) {
        (Some((true, _, size)), true) => walk.keep(addr, size.next_multiple_of(8).min(INPUT) as usize),
        (Some((false, _, size)), false) => walk.keep(addr, size.min(64) as usize),
        (None, _) if number == TEE_SHM_REGISTER_FD => walk.keep(addr, 32),
        _ => {}
    }
}

/// Requests to btrfs: the structure, whose size the request says, and what two of them point to.
fn btrfs<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64) {
    const SNAP_CREATE: u64 = 23;
    const SUBVOL_CREATE: u64 = 24;
    const SEND: u64 = 38;
    /// `struct btrfs_qgroup_inherit` of linux/btrfs.h, bytes.
    const INHERIT: usize = 72;
    let word = walk.arch.word();
    let request = walk.count(1);
    let bytes = walk.object(addr, (request >> 16 & 0x3fff) as usize).to_vec();
    let field = |at: usize, len: usize| le_word(take(&bytes, at, len));
    match (request & 0xff, walk.ret.is_none()) {
        (SNAP_CREATE | SUBVOL_CREATE, true) => walk.keep(field(32, word), INHERIT),
        (SEND, true) => walk.keep_elements(field(16, word), field(8, 8), 8),
        _ => {}
    }
}

/// Bytes that a command carries, or the pieces that hold them.
fn buffer<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64, len: u64, pieces: u64) {
    match pieces {
        0 => walk.bytes(addr, len),
        _ => message::vector(walk, addr, pieces.min(limits::ELEMENTS), Some(len)),
    }
}

fn third<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64) {
    let word = walk.arch.word();
    let bytes = walk.object(addr, if word == 8 { 88 } else { 64 }).to_vec();
    let field = |at: usize, len: usize| le_word(take(&bytes, at, len));
    buffer(walk, field(16, word), field(12, 4), field(10, 2));
    walk.bytes(field(16 + word, word), field(8, 1));
    let status = (16 + 3 * word + 12).next_multiple_of(word) + word;
    walk.bytes(field(16 + 2 * word, word), field(status + 3, 1));
}

fn fourth<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64) {
    let bytes = walk.object(addr, 160).to_vec();
    let field = |at: usize, len: usize| le_word(take(&bytes, at, len));
    walk.bytes(field(16, 8), field(12, 4));
    buffer(walk, field(72, 8), field(60, 4), field(56, 4));
    buffer(walk, field(80, 8), field(68, 4), field(64, 4));
    walk.bytes(field(48, 8), field(132, 4));
}

/// Requests to video devices: the structure, whose size the request says, and what some of them lead to.
fn video<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64) {
    const FORMATS: [u64; 3] = [4, 5, 64];
    const CREATE_BUFS: u64 = 92;
    let word = walk.arch.word();
    let request = walk.count(1);
    let number = request & 0xff;
    let bytes = walk.object(addr, (request >> 16 & 0x3fff) as usize).to_vec();
    if (71..=73).contains(&number) {
        video_controls(walk, &bytes);
    }
    let format = if number == CREATE_BUFS { if word == 8 { 16 } else { 12 } } else { 0 };
    if number == CREATE_BUFS || FORMATS.contains(&number) {
        // Types of a window over the screen: the parts of it that are cut out.
        let field = |at: usize, len: usize| le_word(take(&bytes, format + at, len));
        let list = word + 24;
        if matches!(field(0, 4), 3 | 8) {
            let size = (16 + word).next_multiple_of(word);
            walk.keep_elements(field(list, word), field(list + word, 4).min(limits::ELEMENTS), size);
        }
    }
}

/// Lists of controls, VIDIOC_G_EXT_CTRLS and its kin: their values, some of which are text.
fn video_controls<F: Fetch>(walk: &mut Walk<'_, F>, header: &[u8]) {
    const CONTROL: usize = 20;
    let word = walk.arch.word();
    let at = 20usize.next_multiple_of(word);
    let (count, list) = (le_word(take(header, 4, 4)), le_word(take(header, at, word)));
    let controls = walk.elements(list, count.min(limits::ELEMENTS), CONTROL).to_vec();
    for control in controls.chunks_exact(CONTROL) {
        let (size, text) = (le_word(&control[4..8]), le_word(&control[12..12 + word]));
        if size != 0 {
            walk.bytes(text, size);
        }
    }
}
