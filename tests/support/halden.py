"""Figures of Halden Instruments, which is invented. Totals are computed from the lines above them, so they add up."""

QUARTERS = ("September 30, 2025", "September 30, 2024")
SEGMENTS = {"Laboratory": (412.6, 371.9), "Field Service": (188.3, 160.7), "Software": (97.5, 70.2)}
COSTS = {
    "Cost of sales": (341.8, 309.4),
    "Research and development": (92.4, 81.3),
    "Selling, general and administrative": (118.9, 112.6),
}
INTEREST, TAXES, SHARES = (6.2, 7.8), (31.3, 20.1), (84.0, 85.5)
ASSETS = {
    "Cash and cash equivalents": (356.4, 298.0),
    "Accounts receivable, net": (287.1, 271.5),
    "Inventories": (241.9, 263.2),
    "Property, plant and equipment, net": (402.7, 389.4),
    "Goodwill": (515.0, 515.0),
}
LIABILITIES = {
    "Accounts payable": (148.2, 139.7),
    "Deferred revenue": (121.6, 94.3),
    "Long-term debt": (450.0, 525.0),
}

Pair = tuple[float, float]
Row = tuple[str, Pair | None]


def total(*pairs: Pair) -> Pair:
    """Return the sums of both periods."""
    return round(sum(p[0] for p in pairs), 1), round(sum(p[1] for p in pairs), 1)


def minus(a: Pair, b: Pair) -> Pair:
    """Return the differences of both periods."""
    return round(a[0] - b[0], 1), round(a[1] - b[1], 1)


def income_rows() -> list[Row]:
    """Return the income statement's lines; indented labels are parts of the total below."""
    sales = total(*SEGMENTS.values())
    operating = minus(sales, total(*COSTS.values()))
    before_tax = minus(operating, INTEREST)
    net = minus(before_tax, TAXES)
    per_share = (round(net[0] / SHARES[0], 2), round(net[1] / SHARES[1], 2))
    return [
        ("Net sales:", None),
        *[(f"  {name}", pair) for name, pair in SEGMENTS.items()],
        ("Total net sales", sales),
        *COSTS.items(),
        ("Operating income", operating),
        ("Interest expense", INTEREST),
        ("Income before income taxes", before_tax),
        ("Provision for income taxes", TAXES),
        ("Net income", net),
        ("Diluted earnings per share", per_share),
    ]


def balance_rows() -> list[Row]:
    """Return the balance sheet's lines."""
    assets, liabilities = total(*ASSETS.values()), total(*LIABILITIES.values())
    return [
        *ASSETS.items(),
        ("Total assets", assets),
        *LIABILITIES.items(),
        ("Total liabilities", liabilities),
        ("Total stockholders' equity", minus(assets, liabilities)),
    ]
