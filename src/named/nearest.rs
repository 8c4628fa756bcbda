//! What was meant by a name that nothing is called.

/// How many letters may be wrong in a name that was meant to be another; of a short one, half of them.
const MISSPELT: usize = 3;

/// The one of `all` that is most like `name`, if one is like it at all.
pub(super) fn nearest<'n>(name: &str, all: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let most = MISSPELT.min(name.chars().count() / 2);
    let all = all.map(|known| (distance(known, name), known));
    let near = all.filter(|(distance, _)| *distance <= most);
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// How many letters have to be put in, left out or changed to make one of the other (Levenshtein, 1966).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, another) in other.chars().enumerate() {
            let changed = diagonal + usize::from(letter != another);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_paper() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!((distance("", "abc"), distance("abc", "abc")), (3, 0));
    }

    #[test]
    fn a_short_name_is_not_like_every_other() {
        let of = |name| nearest(name, ["sled", "redis", "memory"].into_iter());
        assert_eq!(
            (of("reids"), of("memorie")),
            (Some("redis"), Some("memory"))
        );
        assert_eq!((of("lmdb"), of("x"), of("")), (None, None, None));
    }
}
