"""Words of questions: those that carry nothing, and those that filings and people use for the same thing."""

GENERIC = frozenset(
    """
    10-k 10-q 10k 10q 8-k 8k a about above according across affect affected after again against align all alone already
    also although am amid among amount an analyse analysis analyze and announce announced annual annually another answer
    any appear are aren arise around as ascertain ask asked assess associate associated assume at attribute attributed
    available base based be because become been before behind being below between big billion billions both break bring
    brought but by calculate can cannot categories category change changed changes chief clearly close combine come
    comes companies company compare compared compares comparison concern concerning conclude connect connection
    consequence consequences consistent contribute contributed contributing correlate correlation correspond could data
    date dated decimal decrease decreased describe described detail detailed details develop development did differ
    difference different discern discerned disclose disclosed discuss discussed discussion division divisions document
    documents does doing dollar dollars done draw drawing drive driven driver drivers drove during each earn earned
    effect effects efficiency either element elements end ended ending ends engage engaged especially evolution evolve
    evolved expenditure expenditures explain explained face factor factors far fetch few figure figures file filed
    filing filings financial find first fiscal five fluctuate fluctuated fluctuation focus following for form found four
    from further fy gave generally generate generated get gist give given gives go had happen happened has have having
    he help her high his historically how however i identified identify if impact implication implications important
    improve improved improving in include included including income-statement increase increased indicate indicated
    indicates influence influenced information insight insights instead into introduce introduced introduction is isn it
    its itself just key kind know large last late latest level levels like line list listed low magnitude main major
    make makes many material materially may me mean measure measured mention mentioned might million millions month
    months more moreover most movement much must my name named need new next nor not notable note noted now observed of
    off on once one only or other our out outline outlined over overall overview own paid part partake partaken
    particular particularly past pattern patterns pay per percent percentage percents perform performance period periods
    place places please point possible posted potential potentially present previous primarily primary principal prior
    profile provide provided q1 q2 q3 q4 quarter quarter-over-quarter quarterly quarters question recent recently
    reflect regard regarding relate related relation relationship relevant rely relying repercussion repercussions
    report reported reporting reports respective respond response result results reveal revealed round said same say
    says scale scope section sections seen segment segments separately several share shift shifted shifts should show
    shown shows significant significantly similar since single situation so some specific specifically spend spending
    spent stack state stated statement states status still subject substantial substantially such suggest suggests
    summarise summarize summary take takeaway takeaways taken tell than that the their them then there these they thing
    things third this those thousand thousands three through throughout time timeframe to together toward trend trends
    two type under understand undertake undertaken unit units until up upon us usd use used using utilizing value values
    varied various vary versus very via vs want was way ways we week weeks well were what whatever when where whether
    which while who whom whose why will with within without would year year-on-year year-over-year yearly years yes you
    your yoy
    """.split()
)
"""Words a question may be made of without asking for anything by them."""

PHRASES: tuple[tuple[str, str], ...] = (
    (r"equity attributable to (the )?(share|stock)(holders|owners)( of [\w-]+( [\w-]+)?)?", "shareholder equity"),
    (r"(attributable|available) to ([\w.,'&-]+ ){0,6}?(share|stock)(holders|owners)", " "),
    (r"research (and|&) development|r ?& ?d", "researchdevelopment"),
    (r"selling,? general,? (and|&) administrative|sg ?& ?a", "sellinggeneraladministrative"),
    (
        r"capital expenditures?|capex|cap ex"
        r"|(purchases?|payments? for( the)?( acquisition)?|additions?|acquisitions?)( of| to)?"
        r" (property,? ?(plant,?)? ?(and|&) equipment|pp ?& ?e|ppe)",
        "capitalexpenditure",
    ),
    (r"property,? (plant,?)? ?(and|&) equipment|pp ?& ?n?e|ppn?e", "propertyequipment"),
    (r"costs? of (goods sold|sales|revenues?|products sold)|cogs", "costofsales"),
    (
        r"(net )?cash (flows? )?((provided|generated|used|from|in|by|for|\(used( in)?\)) )+"
        r"(operating activities|operations)|operating cash flows?",
        "operatingcashflow",
    ),
    (r"(shares?|stocks?|common stock) (repurchases?|buy-?backs?)|buy-?backs?", "repurchase"),
    (r"repurchases? of (common )?(stock|shares)", "repurchase"),
    (r"operat(ing|ional) (expenses?|expenditures?|costs)|opex", "operatingexpense"),
    (r"operating (income|profit|earnings)|(income|earnings|profit) from operations", "operatingincome"),
    (r"(net )?(earnings|income|loss|profit) per (common |ordinary )?share|eps", "earningspershare"),
    (r"net (income|earnings|profit)s?", "netincome"),
    (r"gross (margin|profit)s?", "grossmargin"),
    (r"net sales|(net )?(operating )?revenues?|sales and revenues?|sales", "revenue"),
    (r"cash (and|&) (cash )?equivalents?|cash,? cash equivalents", "cashequivalent"),
    (
        r"foreign (exchange|currency|currencies)( rates?)?|exchange rates?|fx|currency fluctuations?",
        "foreigncurrency",
    ),
    (r"legal (proceedings?|actions?|battles?|matters?|contingenc(y|ies))|lawsuits?|litigations?", "legal"),
    (r"sell-?offs?|spin-?offs?|divestitures?|divested", "divestiture"),
    (r"(merchandise )?inventor(y|ies)", "inventory"),
    (r"head-?counts?|employees?|staff|workforce|personnel", "employee"),
    (r"shareholders?|stockholders?|share owners?", "shareholder"),
    (r"effective (income )?tax rates?", "effectivetaxrate"),
    (r"((provision|benefit)( for| from)?[/() ]*)*income tax(es)?( \(?(expense|provision|benefit)\)?)*", "incometax"),
)
"""Pattern → one token, tried in order on lower-case text; what filings and readers say differently."""

MEASURED = frozenset(
    """
    revenu netincom operatingincom grossmargin costofsal operatingexpens researchdevelop sellinggeneraladministr
    capitalexpenditur operatingcashflow earningspershar cashequival inventori incometax effectivetaxr asset liabil
    equiti debt dividend repurchas incom expens
    """.split()
)
"""Stems of what accounts measure: a list of measures is one of these on both sides of its commas."""

BROAD: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"cash flows?(?! from)",
        (
            "net cash from operating activities",
            "net cash from investing activities",
            "net cash from financing activities",
        ),
    ),
    (r"liquidity", ("cash and cash equivalents",)),
    (
        r"operat(?:ing|ional) (?:expenses?|expenditures?|costs)",
        (
            "research and development expense",
            "selling, general and administrative expense",
            "sales and marketing expense",
        ),
    ),
    (
        r"debt (?:structure|configuration|levels?|instruments?|profile|management)",
        ("long-term debt", "commercial paper"),
    ),
    (r"interest (?:expenses?|costs?)", ("interest expense",)),
    (r"profitability", ("gross margin", "operating income", "net income")),
)
"""What an open question may be about → the measures that accounts tell of it."""

QUALIFIERS = frozenset({"total", "net", "consolid", "aggreg", "overal", "gross", "compani"})
"""Stems that refine a measure without changing what is measured."""

SURFACES: dict[str, tuple[str, ...]] = {
    "researchdevelop": ("research and development",),
    "sellinggeneraladministr": ("general and administrative",),
    "capitalexpenditur": ("property", "capital expenditure"),
    "propertyequip": ("property",),
    "costofsal": ("cost of", "costs of"),
    "operatingcashflow": ("operating activities", "operations"),
    "repurchas": ("repurchase", "buyback"),
    "operatingexpens": ("operating expense", "operating cost", "costs and expenses"),
    "operatingincom": ("operating income", "operating profit", "from operations", "operating earnings"),
    "netincom": ("net income", "net earnings", "net profit"),
    "earningspershar": ("per share", "per common share"),
    "grossmargin": ("gross margin", "gross profit"),
    "revenu": ("revenue", "sales"),
    "cashequival": ("equivalents",),
    "foreigncurr": ("foreign", "currency"),
    "employe": ("employee", "headcount"),
    "sharehold": ("shareholder", "stockholder", "shareowner"),
    "effectivetaxr": ("tax rate",),
    "incometax": ("income tax",),
}
"""Stem of a phrase's token → how filings write it, for looking facts up by their words."""
