//! Whole minor units from fractions of them.

use crate::plans::Currency;

/// `sum / days`, to the nearest whole, half up.
pub(super) fn rounded(sum: u128, days: u32) -> u64 {
    let days = u128::from(days);
    // Why it fits: the greatest price for the most seats is 10^14, and a month's sum is divided by its days.
    u64::try_from((2 * sum + days) / (2 * days)).unwrap_or(u64::MAX)
}

/// Shares of `whole` in proportion to the weights, which together are exactly `whole`: each gets its part
/// rounded down, and what is left goes one by one to the largest remainders, the earlier first.
/// Without any weight the first gets all.
pub fn allocate(whole: u64, weights: &[u128]) -> Vec<u64> {
    let total: u128 = weights.iter().sum();
    if total == 0 {
        return weights.iter().enumerate().map(|(i, _)| if i == 0 { whole } else { 0 }).collect();
    }
    let exact: Vec<_> = weights.iter().map(|weight| u128::from(whole) * weight).collect();
    let mut shares: Vec<_> = exact.iter().map(|e| u64::try_from(e / total).unwrap_or(whole)).collect();
    let left = whole - shares.iter().sum::<u64>();
    let mut order: Vec<_> = (0..weights.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(exact[*i] % total));
    for i in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        shares[i] += 1;
    }
    shares
}

/// An amount for people and spreadsheets, with as many decimals as the currency has: `12.50`, `1250`, `1.250`.
pub fn decimal(amount_minor: u64, currency: Currency) -> String {
    match u32::from(currency.decimals().unwrap_or(0)) {
        0 => amount_minor.to_string(),
        decimals => {
            let unit = 10_u64.pow(decimals);
            let width = usize::from(currency.decimals().unwrap_or(0));
            format!("{}.{:0width$}", amount_minor / unit, amount_minor % unit)
        }
    }
}
