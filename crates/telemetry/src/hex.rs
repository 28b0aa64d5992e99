//! Hexadecimal digits.

/// Returns the 16 lowercase hexadecimal digits of a number.
///
/// ```
/// assert_eq!(&telemetry::hex_digits(0x00f0_67aa_0ba9_02b7), b"00f067aa0ba902b7");
/// ```
pub fn hex_digits(number: u64) -> [u8; 16] {
    let [high @ .., _, _, _, _] = number.to_be_bytes();
    let [_, _, _, _, low @ ..] = number.to_be_bytes();
    let (high, low) = (u32::from_be_bytes(high), u32::from_be_bytes(low));
    let mut digits = [0; 16];
    let (first, second) = digits.split_at_mut(8);
    first.copy_from_slice(&eight_digits(high));
    second.copy_from_slice(&eight_digits(low));
    digits
}

/// Computes all digits at once, one in each byte: ids are written for every request.
fn eight_digits(number: u32) -> [u8; 8] {
    let mut nibbles = u64::from(number);
    nibbles = (nibbles | nibbles << 16) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles | nibbles << 8) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles | nibbles << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in each byte whose digit is a letter.
    let letters = ((nibbles + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    let letters_after_digits = u64::from(b'a' - b'9' - 1);
    (nibbles + 0x3030_3030_3030_3030 + letters * letters_after_digits).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_equal_those_of_the_formatter() {
        let numbers =
            (0..64).flat_map(|shift| [0x0123_4567_89ab_cdef_u64.rotate_left(shift), 1 << shift]);
        for number in numbers.chain([0, u64::MAX]) {
            assert_eq!(hex_digits(number), *format!("{number:016x}").as_bytes());
        }
    }
}
