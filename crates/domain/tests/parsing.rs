//! Every value that has rules: what is accepted, what it becomes, and what it shows of itself.
//!
//! Each parser is held against a second opinion, written another way: a look at the characters,
//! or, for moments in time, `jiff`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may stop at what cannot be"
)]

use std::fmt::Debug;
use std::str::FromStr;

use domain::{
    CurrentPassword, DisplayName, EmailAddress, InvalidEmailAddress, InvalidName, InvalidPassword,
    InvalidUserId, InvalidUsername, Password, PersonName, RoleName, Sort, SortField, TenantId,
    Timestamp, UserId, Username,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Any text, of the kind that a regular expression describes, or of that kind with one character
/// put in at random, which is where parsers go wrong.
fn texts(near: &'static str) -> impl Strategy<Value = String> {
    let spoiled = (near, any::<Index>(), any::<char>()).prop_map(|(text, at, odd)| {
        let mut characters: Vec<char> = text.chars().collect();
        characters.insert(at.index(characters.len() + 1), odd);
        String::from_iter(characters)
    });
    prop_oneof![1 => any::<String>(), 4 => near, 2 => spoiled]
}

fn accepts<T: FromStr>(text: &str) -> bool {
    text.parse::<T>().is_ok()
}

fn error<T: FromStr<Err: PartialEq> + Debug>(text: &str) -> T::Err {
    text.parse::<T>().expect_err("not to be accepted")
}

fn is_letter_or_digit(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9')
}

/// A DNS label, in any case.
fn is_label(text: &str) -> bool {
    let inner = |c| is_letter_or_digit(c) || c == '-';
    let length = text.chars().count();
    length > 0
        && length < 64
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_email_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    let [local, domain] = parts[..] else { return false };
    let local_character = |c| is_letter_or_digit(c) || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    local.chars().all(local_character)
        && !format!(".{local}.").contains("..")
        && local.len() <= 64
        && domain.split('.').count() >= 2
        && domain.split('.').all(is_label)
        && text.len() <= 254
}

fn is_name(text: &str, max: usize) -> bool {
    let control = |c| matches!(c, '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}');
    (1..=max).contains(&text.chars().count()) && !text.chars().any(control)
}

proptest! {
    #[test]
    fn a_tenant_is_named_by_a_lower_case_dns_label(text in texts("[a-z0-9-]{1,65}")) {
        let expected = is_label(&text) && text == text.to_lowercase();
        prop_assert_eq!(accepts::<TenantId>(&text), expected);
        if let Ok(tenant) = TenantId::from_str(&text) {
            prop_assert_eq!(tenant.as_str(), &text);
            prop_assert_eq!(tenant.to_string(), text);
        }
    }

    #[test]
    fn a_user_id_is_visible_ascii_that_cannot_steer_a_url(
        text in texts(r"auth0\|[ -~]{0,24}|[!-~]{250,257}|[./]{1,3}"),
    ) {
        let allowed = |c| ('!'..='~').contains(&c) && !['/', '\\', '?', '#', '%', '"'].contains(&c);
        let expected = (1..=255).contains(&text.len())
            && text.chars().all(allowed)
            && ![".", ".."].contains(&text.as_str());
        prop_assert_eq!(accepts::<UserId>(&text), expected);
        if let Ok(id) = UserId::from_str(&text) {
            prop_assert_eq!(id.as_str(), &text);
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn an_e_mail_address_has_a_dot_atom_and_a_domain(
        text in texts(
            "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]{1,67}@[a-zA-Z0-9-]{1,65}(\\.[a-zA-Z0-9-]{1,64}){0,4}",
        ),
    ) {
        prop_assert_eq!(accepts::<EmailAddress>(&text), is_email_address(&text));
    }

    #[test]
    fn a_plain_e_mail_address_is_accepted_and_kept_in_lower_case(
        text in "[a-zA-Z0-9+_-]{1,20}(\\.[a-zA-Z0-9]{1,9}){0,2}@[a-zA-Z0-9]{1,20}(\\.[a-zA-Z]{2,9}){1,3}",
    ) {
        let address = EmailAddress::from_str(&text).expect("an address");
        prop_assert_eq!(address.as_str(), text.to_lowercase());
        prop_assert_eq!(EmailAddress::from_str(address.as_str()), Ok(address));
    }

    #[test]
    fn a_username_holds_auth0_s_characters_and_is_no_e_mail_address(
        text in texts("[a-zA-Z0-9@^$.!`#+'~_-]{1,131}|[a-z]{1,9}@[a-z]{1,9}\\.[a-z]{1,9}"),
    ) {
        let allowed = |c| is_letter_or_digit(c) || "@^$.!`-#+'~_".contains(c);
        let expected = (1..=128).contains(&text.len())
            && text.chars().all(allowed)
            && !is_email_address(&text);
        prop_assert_eq!(accepts::<Username>(&text), expected);
        if let Ok(username) = Username::from_str(&text) {
            prop_assert_eq!(username.as_str(), text.to_lowercase());
            prop_assert_eq!(Username::from_str(username.as_str()), Ok(username));
        }
    }

    #[test]
    fn a_name_is_kept_as_given_unless_it_is_empty_too_long_or_holds_control_characters(
        text in texts("\\PC{1,20}|[a-zßé語🦀 ]{145,155}|[a-zßé語🦀 ]{295,305}"),
    ) {
        prop_assert_eq!(accepts::<PersonName>(&text), is_name(&text, 150));
        prop_assert_eq!(accepts::<DisplayName>(&text), is_name(&text, 300));
        if let Ok(name) = DisplayName::from_str(&text) {
            prop_assert_eq!(name.as_str(), text);
        }
    }

    #[test]
    fn a_password_is_1_to_72_visible_ascii_characters(text in texts("[!-~]{1,75}|[ -~]{1,9}")) {
        let expected =
            (1..=72).contains(&text.len()) && text.chars().all(|c| ('!'..='~').contains(&c));
        prop_assert_eq!(accepts::<Password>(&text), expected);
        if let Ok(password) = Password::from_str(&text) {
            prop_assert_eq!(password.expose(), text);
        }
    }

    #[test]
    fn a_role_s_name_has_1_to_64_plain_characters(text in texts("[a-zA-Z0-9._:-]{1,66}")) {
        let allowed = |c| is_letter_or_digit(c) || matches!(c, '.' | '_' | ':' | '-');
        let expected = (1..=64).contains(&text.len()) && text.chars().all(allowed);
        prop_assert_eq!(accepts::<RoleName>(&text), expected);
        if let Ok(name) = RoleName::from_str(&text) {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn a_sort_is_one_of_the_published_twelve(
        text in texts("-{0,2}(id|username|email|firstName|lastName|createdAt|name|Id|ID)"),
    ) {
        let published = [
            "id", "-id", "username", "-username", "email", "-email", "firstName", "-firstName",
            "lastName", "-lastName", "createdAt", "-createdAt",
        ];
        prop_assert_eq!(accepts::<Sort>(&text), published.contains(&text.as_str()));
    }

    #[test]
    fn nothing_that_tells_who_somebody_is_shows_in_debug_output(
        address in "[a-z]{12}@[a-z]{12}\\.example",
        secret in "[a-z]{12}",
    ) {
        let shown = [
            format!("{:?}", EmailAddress::from_str(&address)),
            format!("{:?}", Username::from_str(&secret)),
            format!("{:?}", PersonName::from_str(&secret)),
            format!("{:?}", DisplayName::from_str(&secret)),
            format!("{:?}", Password::from_str(&secret)),
            format!("{:?}", CurrentPassword::offered(secret.clone())),
        ];
        for text in shown {
            prop_assert!(!text.contains(&secret) && !text.contains(&address), "{}", text);
            prop_assert!(text.contains("(…)"), "{}", text);
        }
    }
}

/// Each error says what is wrong, so that whoever reads it can put it right.
mod errors {
    use super::*;

    #[test]
    fn a_user_id_says_what_is_wrong_with_it() {
        assert_eq!(error::<UserId>(""), InvalidUserId::Empty);
        assert_eq!(error::<UserId>(&"a".repeat(256)), InvalidUserId::TooLong);
        for text in [".", "..", "auth0|a/b", "auth0|a%2Fb", "auth0|a b", "auth0|é", "a\n"] {
            assert_eq!(error::<UserId>(text), InvalidUserId::ForbiddenCharacter, "{text:?}");
        }
    }

    #[test]
    fn an_e_mail_address_that_is_only_too_long_says_so() {
        let domain = format!("{0}.{0}.{0}.example", "d".repeat(60));
        let (longest, too_long) = ("l".repeat(254 - 1 - domain.len()), "l".repeat(64));
        assert!(accepts::<EmailAddress>(&format!("{longest}@{domain}")));
        assert!(accepts::<EmailAddress>(&format!("{}@example.com", "l".repeat(64))));
        for text in [format!("{too_long}@{domain}"), format!("{too_long}l@example.com")] {
            assert_eq!(error::<EmailAddress>(&text), InvalidEmailAddress::TooLong);
        }
    }

    #[test]
    fn what_only_looks_like_an_e_mail_address_is_none() {
        for text in [
            "",
            "@",
            "a@",
            "@example.com",
            "a@example",
            "a@.com",
            "a@example.",
            "a@-x.com",
            "a@x-.com",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a@b@example.com",
            "\"a b\"@example.com",
            "a@[127.0.0.1]",
            "a b@example.com",
            " a@example.com",
            "a@example.com\n",
            "ä@example.com",
            "a@exämple.com",
        ] {
            assert_eq!(error::<EmailAddress>(text), InvalidEmailAddress::Syntax, "{text:?}");
        }
    }

    #[test]
    fn a_username_says_what_is_wrong_with_it() {
        assert_eq!(error::<Username>(""), InvalidUsername::Empty);
        assert_eq!(error::<Username>(&"a".repeat(129)), InvalidUsername::TooLong);
        assert_eq!(error::<Username>("a b"), InvalidUsername::ForbiddenCharacter);
        assert_eq!(error::<Username>("A.B@Example.com"), InvalidUsername::IsEmailAddress);
        assert!(accepts::<Username>("a@b"), "no e-mail address, and so a username");
    }

    #[test]
    fn a_name_counts_characters_and_no_bytes() {
        assert!(accepts::<PersonName>(&"é".repeat(150)));
        assert_eq!(error::<PersonName>(&"é".repeat(151)), InvalidName::TooLong { max: 150 });
        assert!(accepts::<DisplayName>(&"🦀".repeat(300)));
        assert_eq!(error::<DisplayName>(&"🦀".repeat(301)), InvalidName::TooLong { max: 300 });
        assert_eq!(error::<PersonName>(""), InvalidName::Empty);
        assert_eq!(error::<PersonName>("a\nb"), InvalidName::ControlCharacter);
    }

    #[test]
    fn a_password_says_what_is_wrong_with_it() {
        assert_eq!(error::<Password>(""), InvalidPassword::Empty);
        assert_eq!(error::<Password>(&"p".repeat(73)), InvalidPassword::TooLong);
        for text in ["pass word", "pässword", "pass\u{7f}word", "\u{0}"] {
            assert_eq!(error::<Password>(text), InvalidPassword::ForbiddenCharacter, "{text:?}");
        }
    }

    #[test]
    fn the_twelve_sorts_go_to_text_and_back() {
        for field in SortField::ALL {
            for descending in [false, true] {
                let sort = Sort { field, descending };
                assert_eq!(sort.to_string().parse(), Ok(sort));
            }
        }
        assert_eq!(Sort::default().to_string(), "id");
    }
}

mod moments {
    use super::*;
    use jiff::SignedDuration;
    use jiff::civil::{DateTime, date};

    const FIRST: i64 = -62_167_219_200_000;
    const LAST: i64 = 253_402_300_799_999;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).expect("a moment")
    }

    fn epoch() -> DateTime {
        date(1970, 1, 1).at(0, 0, 0, 0)
    }

    /// What jiff writes for so many milliseconds since 1970.
    ///
    /// Its civil time is asked, since its own timestamp ends a day before the year 9999 does.
    fn by_jiff(millis: i64) -> String {
        let moment = epoch().checked_add(SignedDuration::from_millis(millis)).expect("in range");
        moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    /// What RFC 3339 means by a text, by its shape, with the calendar and the sums left to jiff.
    fn millis_by_jiff(text: &str) -> Option<i64> {
        let shape: String =
            text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        let separator = shape.chars().nth(10)?;
        let rest = shape
            .strip_prefix(&format!("9999-99-99{separator}99:99:99"))
            .filter(|_| "Tt ".contains(separator))?;
        let zone_shape = match rest.strip_prefix('.') {
            Some(rest) => {
                rest.starts_with('9').then_some(())?;
                rest.trim_start_matches('9')
            }
            None => rest,
        };
        ["Z", "z", "+99:99", "-99:99"].contains(&zone_shape).then_some(())?;

        let number = |from: usize, to: usize| text[from..to].parse::<i16>().expect("digits");
        let small = |from| i8::try_from(number(from, from + 2)).expect("two digits");
        let leap = small(17) == 60;
        let second = if leap { 59 } else { small(17) };
        let moment =
            DateTime::new(number(0, 4), small(5), small(8), small(11), small(14), second, 0);
        let zone_at = text.len() - zone_shape.len();
        let digits = text[19..zone_at].trim_start_matches('.').chars().chain("000".chars());
        let fraction: i64 = digits.take(3).collect::<String>().parse().expect("three digits");
        let offset = if zone_shape.len() == 6 {
            let (hours, minutes) = (small(zone_at + 1), small(zone_at + 4));
            (hours < 24 && minutes < 60).then_some(())?;
            let minutes = i64::from(hours) * 60 + i64::from(minutes);
            if zone_shape.starts_with('-') { -minutes } else { minutes }
        } else {
            0
        };
        let since = moment.ok()?.duration_since(epoch()).as_secs() + i64::from(leap);
        Some((since - offset * 60) * 1000 + fraction)
            .filter(|millis| (FIRST..=LAST).contains(millis))
    }

    /// Texts in and near the form of RFC 3339, most of them with numbers in or just out of range.
    fn near_rfc3339() -> impl Strategy<Value = String> {
        let year = prop_oneof![
            "[0-9]{4}",
            select(vec!["0000", "1900", "2000", "2024", "9999"]).prop_map(str::to_owned)
        ];
        let month = prop_oneof![9 => 1..=12_u8, 1 => 0..=99_u8];
        let day = prop_oneof![5 => 1..=28_u8, 4 => 28..=32_u8, 1 => 0..=99_u8];
        let hour = prop_oneof![9 => 0..=23_u8, 1 => 23..=25_u8];
        let sixty = || prop_oneof![9 => 0..=59_u8, 1 => 59..=61_u8];
        let separator =
            prop_oneof![8 => Just('T'), 1 => select(vec!['t', ' ']), 1 => any::<char>()];
        let fraction = prop_oneof!["", "\\.[0-9]{1,3}", "\\.[0-9]{4,30}", "[.,]{0,2}"];
        let zone = prop_oneof![
            "[Zz]",
            "[+-][01][0-9]:[0-5][0-9]",
            "[+-][0-9]{2}:[0-9]{2}",
            "[+-]?[0-9:]{0,5}"
        ];
        (year, month, day, separator, (hour, sixty(), sixty()), fraction, zone).prop_map(
            |(year, month, day, separator, (hour, minute, second), fraction, zone)| {
                format!(
                    "{year}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}{fraction}{zone}"
                )
            },
        )
    }

    proptest! {
        #[test]
        fn jiff_writes_every_moment_the_same(millis in FIRST..=LAST) {
            prop_assert_eq!(at(millis).to_string(), by_jiff(millis));
        }

        #[test]
        fn what_is_written_reads_back_as_the_same_moment(millis in FIRST..=LAST) {
            prop_assert_eq!(at(millis).to_string().parse(), Ok(at(millis)));
        }

        #[test]
        fn texts_order_as_the_moments_do(one in FIRST..=LAST, other in FIRST..=LAST) {
            let by_text = at(one).to_string().cmp(&at(other).to_string());
            prop_assert_eq!(at(one).cmp(&at(other)), by_text);
        }

        #[test]
        fn jiff_reads_every_text_the_same(text in prop_oneof![1 => any::<String>(), 15 => near_rfc3339()]) {
            let ours = Timestamp::from_str(&text).ok().map(Timestamp::as_unix_millis);
            prop_assert_eq!(ours, millis_by_jiff(&text), "{}", text);
        }

        #[test]
        fn what_is_accepted_jiff_s_own_parser_accepts_too(text in near_rfc3339()) {
            // Left out: a leap second, which jiff takes for the second before; more digits than
            // jiff reads; and the ends of time, where it stops early.
            let fraction = text.chars().skip(19).take_while(|c| !"Zz+-".contains(*c)).count();
            let ours = Timestamp::from_str(&text).ok().map(Timestamp::as_unix_millis);
            if let Some(ours) = ours
                && !text.chars().skip(17).collect::<String>().starts_with("60")
                && fraction <= 10
                && ours < LAST - 2 * 86_400_000
            {
                let theirs: jiff::Timestamp = text.parse().expect("jiff reads it");
                prop_assert_eq!(ours, theirs.as_nanosecond().div_euclid(1_000_000).try_into().expect("small"));
            }
        }

        #[test]
        fn any_number_is_in_range_or_refused(millis in any::<i64>()) {
            let accepted = Timestamp::from_unix_millis(millis).is_ok();
            prop_assert_eq!(accepted, (FIRST..=LAST).contains(&millis));
        }

        #[test]
        fn a_sum_never_leaves_the_range(millis in FIRST..=LAST, more in any::<i64>()) {
            let exact = i128::from(millis) + i128::from(more);
            let clamped = exact.clamp(FIRST.into(), LAST.into());
            prop_assert_eq!(i128::from(at(millis).plus_millis(more).as_unix_millis()), clamped);
        }

        #[test]
        fn whole_seconds_never_lie_in_the_future(millis in FIRST..=LAST) {
            let seconds = at(millis).as_unix_seconds();
            prop_assert!(seconds * 1000 <= millis && millis < (seconds + 1) * 1000);
        }
    }

    #[test]
    fn time_starts_and_ends_with_the_four_digit_years() {
        assert_eq!(at(FIRST).to_string(), "0000-01-01T00:00:00.000Z");
        assert_eq!(at(LAST).to_string(), "9999-12-31T23:59:59.999Z");
        assert!(accepts::<Timestamp>("9999-12-31T23:59:59.9999Z"));
        for text in
            ["9999-12-31T23:59:60Z", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"]
        {
            assert!(!accepts::<Timestamp>(text), "{text}");
        }
    }

    #[test]
    fn every_month_of_ten_thousand_years_starts_and_ends_when_jiff_says_so() {
        for (year, month) in (0..=9999).flat_map(|year| (1..=12).map(move |month| (year, month))) {
            let first = date(year, month, 1);
            for day in [first, first.last_of_month()] {
                let text = format!("{day}T00:00:00.000Z");
                let moment = Timestamp::from_str(&text).expect("a day");
                let seconds = day.at(0, 0, 0, 0).duration_since(epoch()).as_secs();
                assert_eq!(moment.as_unix_seconds(), seconds, "{text}");
                assert_eq!(moment.to_string(), text);
            }
            let day_after = first.last_of_month().day() + 1;
            let text = format!("{year:04}-{month:02}-{day_after:02}T00:00:00Z");
            assert!(!accepts::<Timestamp>(&text), "{text}");
        }
    }

    fn millis(text: &str) -> i64 {
        Timestamp::from_str(text).expect("a moment").as_unix_millis()
    }

    #[test]
    fn a_leap_second_is_the_second_after() {
        assert_eq!(millis("2016-12-31T23:59:60Z"), millis("2017-01-01T00:00:00Z"));
        assert_eq!(millis("2016-12-31T23:59:60.5Z"), millis("2017-01-01T00:00:00.5Z"));
        assert!(!accepts::<Timestamp>("2016-12-31T23:59:61Z"));
    }

    #[test]
    fn a_leap_day_comes_every_fourth_year_but_not_in_three_of_four_centuries() {
        for text in ["2024-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"] {
            assert!(accepts::<Timestamp>(text), "{text}");
        }
        for text in ["2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-02-30T00:00:00Z"] {
            assert!(!accepts::<Timestamp>(text), "{text}");
        }
    }

    #[test]
    fn an_offset_is_taken_off() {
        assert_eq!(millis("2026-03-01T09:30:00+01:30"), millis("2026-03-01T08:00:00Z"));
        assert_eq!(millis("2026-03-01T09:30:00-01:30"), millis("2026-03-01T11:00:00Z"));
        assert_eq!(millis("2026-03-01T09:30:00-00:00"), millis("2026-03-01t09:30:00z"));
    }

    #[test]
    fn what_is_finer_than_a_millisecond_is_cut() {
        assert_eq!(millis("1970-01-01T00:00:00.0019999Z"), 1);
        assert_eq!(millis("1969-12-31T23:59:59.9999Z"), -1);
        assert_eq!(millis("1970-01-01T00:00:00.5Z"), 500);
    }

    #[test]
    fn what_rfc_3339_does_not_know_is_refused() {
        for text in [
            "",
            "2026",
            "2026-03-01",
            "2026-03-01T09:30Z",
            "2026-03-01T09:30:00",
            "2026-3-1T9:30:00Z",
            "20260301T093000Z",
            "2026-03-01T09:30:00,5Z",
            "2026-03-01T09:30:00.Z",
            "2026-03-01T09:30:00+0100",
            "2026-03-01T09:30:00+24:00",
            "2026-03-01T24:00:00Z",
            "+2026-03-01T09:30:00Z",
            "-001-03-01T09:30:00Z",
            "2026-03-01T09:30:00Z ",
            " 2026-03-01T09:30:00Z",
            "2026-13-01T09:30:00Z",
            "2026-00-01T09:30:00Z",
            "2026-04-31T09:30:00Z",
            "２０２６-03-01T09:30:00Z",
            "2026-03-01T09:30:00[UTC]",
        ] {
            assert!(!accepts::<Timestamp>(text), "{text:?}");
        }
    }
}
