//! Guesses what a misspelt name means.

/// The number of letters that may be wrong.
const MAX_DISTANCE: usize = 2;

/// Returns the known name that the name most likely means, regardless of underscores and case.
pub(super) fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let name = letters(name);
    // Short names are all alike.
    let max = MAX_DISTANCE.min(name.len() / 3);
    known
        .map(|known| (strsim::damerau_levenshtein(&name, &letters(known)), known))
        .filter(|(distance, _)| *distance <= max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
