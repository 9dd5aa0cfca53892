"""What happened, by the words of a notice: lost, stolen, found, abandoned, or something else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tocsin.linkage.wording import Wording, sentences

Kind: TypeAlias = Literal["lost", "stolen", "found", "abandoned", "other"]

_THING = (
    r"(?:gau?ges?|sources?|devices?|(?<!loose )materials?|exit signs?|signs?|tritium|cameras?|"
    r"detectors?|eliminators?|ionizers?"
    r"|deionizers?|static (?:bar|gun|tip|master)s?|air guns?|blow guns?|chromatographs?|"
    r"analy[sz]ers?|packages?|shipments?|generators?"
    r"|vials?|seeds?|capsules?|pacemakers?|compass(?:es)?|sights?|markers?|isotopes?|"
    r"radionuclides?|radio\w+|doses?|syringes?"
    r"|troxlers?|humboldt|monitors?|cells?|radium|cesium|americium|polonium|cobalt|iridium|"
    r"nickel|thorium|uranium|plutonium"
    r"|\w{1,12}-\d{2,3}m?|XRF|ECDs?|smoke detectors?|collimators?|dials?|drums?|irradiators?|"
    r"calibrators?|equipment"
    r"|instruments?|plates?|foils?|wafers?|standards?|units?|licensed material|byproduct|pig|"
    r"containers?|applicators?|needles?|plaques?|objects?|items?|rods?|pellets?|samples?|RAM|"
    r"SNM)"
)
_SHORT = r"(?:[^.;\n]{0,60}?)"
_BE = (
    r"(?:is|are|was|were|be|been|being|has been|have been|had been|had|went|turned up|found|"
    r"discovered|reported|determined(?: to be)?|declared)"
)

_NEVER = re.compile(
    # Losses that are no loss of material, and finds that are no find.
    r"\b(?:loss|lost|losing|missing) (?:of )?(?:\w+ ){0,4}?(?:controls?\b(?! of (?!double|"
    r"moder|mass\b|geom|crit|access))|contingenc\w+|leg\b|geometry|moderat\w+|mass\b|"
    r"criticality|power|"
    r"(?<!agent )alarms?|audib\w+|safety|annunciat\w+|communicat\w+|ventilation|vacuum|water|"
    r"cooling|signal|containment|confinement|"
    r"integrity|shielding|offsite|indication|monitoring|pressure|flow|function\w*|"
    r"functional\w*|capabilit\w+|redundan\w+|"
    r"defen[cs]e|data|time|screws?|bolts?|nuts?|washers?|parts?|pins?|labels?|plates?|covers?|"
    r"wages|work|consciousness|heat|coverage|keys?|"
    r"badges?|dosimeters?|fluid|(?:a )?single material control|one (?:of (?:two|the)|leg|"
    r"control)|double|accountability of (?:time|power)|circulation|"
    r"coefficient|visualization|hearing|counts?|weight|blood|hair|purge|steam|air\b|electrical|"
    r"ac\b|dc\b)"
    r"|\b(?:lost|missing|stolen|found) (?:\w+ ){0,2}(?:badges?|dosimeters?|keys?|laptops?|"
    r"documents?|records?|paperwork|shutters?|screws?|bolts?|labels?|survey meters?)\b"
    r"|\b(?:shutters?|badges?|dosimeters?) (?:\w+ ){0,5}(?:was|were|is) (?:missing|lost)|"
    r"\bmissing (?:\w+ )?(?:shutter|handle)"
    r"|\b(?:no|not|never|nor|without|denies|ruled out|any)\b[^.;,]{0,30}\b(?:lost|stolen|"
    r"missing|theft|loss)\b"
    r"|\b(?:theft|tampering|loss) (?:is|was) not suspected|does not suspect[^.]{0,40}|no "
    r"indication of (?:theft|tampering|loss)[^.]{0,20}"
    r"|\b(?:truck|vehicle|car|van|tools?|laptop|computer|generator|trailer)s? (?:was|were|had "
    r"been) (?:also )?stolen(?= earlier)"
    r"|\bif (?:\w+ ){0,4}(?:lost|stolen|missing)\b|\block and chain[^.]{0,30}missing",
    re.I,
)

_STOLEN_TITLE = re.compile(
    r"\b(?:stolen|theft|thefts|stole|robbe\w+|burglar\w+|hijack\w+|unauthorized removal)\b", re.I
)
_LOST_TITLE = re.compile(
    r"\b(?:lost|loss(?:es)? of (?!control\b(?! of| over))|missing|misplaced?|misplacement|"
    r"unaccounted|unacc?ounted|mislaid|disappear\w+"
    r"|loss[ -]of[ -]control(?: and recovery)? of|(?:material|source|gauge|device)s?\W+loss[ "
    r"-]of[ -]control|lost control of|loss(?:/| and | then )+(?:recover|find|found)\w*|"
    r"fail(?:s|ed) to arrive|(?:can ?not|could not|unable to) (?:be )?(?:locate|find|"
    r"account)\w*|discarded|thrown (?:out|away)"
    r"|f[ae]lls? overboard|f[ae]lls? (?:from|off|out)(?: of)? (?:\w+ ){0,3}(?:truck|pick-?up|"
    r"vehicle|trailer|tailgate|boat|car)|placed in (?:the )?(?:trash|landfill|dumpster)|"
    r"(?:inadvertent|improper|inappropriate|accidental|unauthori[sz]ed|mistaken)\w* "
    r"(?:disposal|disposed|discard\w*|thrown|(?:sent|shipped|transferr?ed|released|taken) "
    r"(?:to|into|as) (?:\w+ ){0,3}(?:scrap|recycl\w+|unlicensed|landfill|trash|waste))"
    r"|dispos(?:al|ed) of (?:\w+ ){0,6}(?:in|as|at|with|to) (?:\w+ ){0,3}(?:trash|landfill|"
    r"garbage|waste|scrap|refuse)|disposed (?:in|as|at|with|to) (?:\w+ ){0,3}(?:trash|landfill|"
    r"garbage|scrap))",
    re.I,
)
_FOUND_TITLE = re.compile(
    r"\b(?:found|discover(?:ed|y)(?! that)|recovered|recovery(?! (?:area|process|system|"
    r"container|ev\b|unit|room|furnace|facility|incident|operation))|orphan(?:ed)?|unclaimed|"
    r"intercepted)\b"
    r"|\bscrap\b[^.]{0,40}\bcontain\w* (?:\w+ )?radioactive|\b(?:radioactive|"
    r"unidentified)\b[^.]{0,50}\b(?:scrap|recycl\w+|landfill|transfer station)\b"
    r"|\b(?:detected|located|retrieved|uncovered)\b[^.]{0,40}\b(?:scrap|landfill|load|transfer "
    r"station|recycl\w+|trash|waste|cargo|border|customs)\b"
    r"|\b(?:scrap|landfill|transfer station|waste|trash|recycl\w+|portal|"
    r"gate)\b[^.]{0,50}\b(?:alarm\w*|reject\w*|detect\w*|set ?off|trip\w*)"
    r"|\balarm\w*\b[^.]{0,40}\b(?:scrap|landfill|transfer station|waste|trash|recycl\w+)\b|"
    r"\brejected (?:scrap|load|waste|truck)",
    re.I,
)
_FOUND_PLACE = re.compile(
    r"\b(?:scrap|salvage|recycl\w+|landfill|dump\b|dumpster|transfer station|trash|garbage|"
    r"refuse|roadside|side of (?:the|a) (?:road|highway|street)|"
    r"road\b|highway|river|park\b|mall\b|pawn|school|home\b|house\b|residence|garage|attic|"
    r"basement|estate|storage unit|flea market|auction|"
    r"beach|field\b|woods|ditch|yard\b|demolition|debris|load\b|scrapyard|foundry|steel mill|"
    r"melt shop|surplus|abandoned building|unknown origin|"
    r"previous owner|old (?:site|building)|site\b|orphan|unclaimed|unknown|unlicensed|cleaning "
    r"out|locked storage)",
    re.I,
)
_FOUND_NOT = re.compile(
    r"\b(?:found|discovered|located|detected|discovery of)\b[^.]{0,12}\b(?:to (?:be|have|"
    r"exceed|contain (?:less|more))|stuck|open|closed|inoperable|broken|damaged|leak\w*|with|"
    r"in error|"
    r"out of|loose|that|during|missing|not\b|contaminat\w*|defect\w*|crack\w*|inaudible|"
    r"corro\w+|empty|unlocked|partially|disconnected|on (?:package|exterior|outside|nuclear "
    r"medicine|overpressure))",
    re.I,
)
_FOUND_OTHER = re.compile(
    r"\b(?:leak\w*|contaminat\w*|shutters?|medical|patients?|misadministration|dose[sd]?\b|"
    r"under ?dose\w*|overexpos\w*|exposures?|violation|vulnerab\w*|defect\w*|"
    r"anomal\w*|sprinkler\w*|criticality|bulletin|part 21|non-?conform\w*|dosimet\w*|treatment|"
    r"stuck|disconnect\w*|retract\w*|"
    r"fail(?:ed|ure|ures)|piping|uranium (?:mass|compound|deposit)|uf6|iroFs|iroFS|alarm horn|"
    r"tech(?:nical)? spec\w*|audit|fuel|valve\w*|motor\w*|relay\w*|radiograph\w+ source|"
    r"unshielded|implant|drape|sterili\w+|background readings|uranium recovery|"
    r"inadvertent(?:ly)? administ\w*)\b",
    re.I,
)
_ABANDONED_TITLE = re.compile(r"\babandon\w*\b|\bleft (?:down ?hole|in (?:the )?well)", re.I)
_DOWNHOLE = re.compile(
    r"\b(?:down-?hole|well ?bore|well logging|logging tool|drill(?:ing)? (?:string|pipe)|"
    r"borehole|logging sources?|bottom of the (?:hole|well)|cement\w*)\b",
    re.I,
)

_STOLEN_BODY = re.compile(
    rf"\b{_THING}\b{_SHORT}\b{_BE}\b[^.;]{{0,25}}?\bstolen\b|\bstolen\b{_SHORT}\b{_THING}\b|"
    rf"\b(?:theft|thefts)\b{_SHORT}\b{_THING}\b"
    rf"|\b(?:thie(?:f|ves)|someone|burglars?|robbers?|unknown (?:person|"
    rf"individual)s?)\b{_SHORT}\b(?:stole|took|taken|removed|cut)\b"
    rf"|\b(?:stole|steal)\b{_SHORT}\b{_THING}\b|\b(?:presumed|believed|suspected|apparently|"
    rf"possibly)\s+(?:to (?:be|have been)\s+)?stolen\b"
    r"|\bMATERIAL STOLEN\b|\bthe theft\b|\bwas (?:then )?stolen\b",
    re.I,
)
_LOST_BODY = re.compile(
    rf"\b{_THING}\b[^.;]{{0,70}}?\b{_BE}\b[^.;]{{0,30}}?\b(?:lost|missing|unaccounted|"
    rf"misplaced|not (?:located|found|accounted|recovered))\b"
    rf"|\b(?:lost|missing|misplaced|unaccounted(?:[ -]for)?)\b[^.;,]{{0,40}}?\b{_THING}\b|"
    rf"\bloss of\b[^.;]{{0,50}}?\b{_THING}\b"
    rf"|\b(?:unable|failed|not able|inability) to (?:locate|find|account "
    rf"for)\b[^.;]{{0,60}}?\b{_THING}\b"
    rf"|\b(?:could|can) ?not (?:be )?(?:locate|find|found|account)\w*\b|\bhas "
    rf"lost\b[^.;]{{0,60}}?\b{_THING}\b"
    rf"|\b{_THING}\b[^.;]{{0,60}}?\b(?:fell|fallen|falling) (?:off|out|from)\b|\bwent missing\b"
    rf"|\b{_THING}\b[^.;]{{0,80}}?\b(?:discarded|thrown (?:out|away)|disposed "
    rf"of)\b[^.;]{{0,40}}?\b(?:trash|garbage|landfill|waste|dumpster|mistake|inadvertent\w*|"
    rf"accident\w*)"
    rf"|\b(?:never|not) (?:arrived?|received|delivered)\b",
    re.I,
)
_FOUND_BODY = re.compile(
    rf"\b(?:found|discovered|recovered|located|noticed|unearthed|came across|picked "
    rf"up)\b[^.;]{{0,70}}?\b{_THING}\b"
    rf"|\b{_THING}\b[^.;]{{0,60}}?\b(?:was|were|been|being)\b[^.;]{{0,20}}?\b(?:found|"
    rf"discovered|detected|recovered)\b"
    r"|\b(?:alarm\w*|portal|radiation (?:monitor|detector)s?)\b[^.;]{0,60}?\b(?:tripped|"
    r"activated|alarmed|set ?off|triggered|detected)\b"
    r"|\b(?:set ?off|tripped|triggered|activated|alarmed)\b[^.;]{0,50}?\b(?:alarm|monitor|"
    r"portal|detector)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class KindFound:
    """Kind of a notice with the words that decided.

    Attributes
    ----------
    kind : {"lost", "stolen", "found", "abandoned", "other"}
        What happened.
    rule : str
        Name of the rule that decided.
    start, end : int
        Where the deciding words stand in ``Wording.body``; both 0 without any.
    """

    kind: Kind
    rule: str
    start: int = 0
    end: int = 0


def _masked(text: str) -> str:
    """The text with look-alikes ("loss of power") blanked, length kept."""
    return _NEVER.sub(lambda m: "#" * len(m[0]), text)


def find_kind(wording: Wording, *, loss_cited: bool = False) -> KindFound:
    """Decide what a notice is about.

    Parameters
    ----------
    wording : Wording
        The notice in parts.
    loss_cited : bool
        Whether the notice cites the duty to report a theft or loss (10 CFR 20.2201, 10 CFR 74.11).

    Returns
    -------
    KindFound
        ``other`` for a notice that was taken back, whatever it said first.

    Notes
    -----
    The title decides where it says it: theft, then abandonment in a well, loss, find. Otherwise
    the first part of the text decides by sentences in which a radioactive thing is stolen, lost
    or found. A loss that is over (recovered, found again) stays a loss. "Found missing" is a
    loss, "found stuck" is nothing.
    """
    if wording.retracted:
        return KindFound("other", "the notice was taken back")
    title = _masked(wording.title)
    first = _masked(wording.parts[0].text)
    opening = first[:900]
    by_title = _by_title(title, opening, first)
    if by_title is not None:
        return by_title
    by_body = _by_body(title, first)
    if by_body.kind == "other" and loss_cited and not _about_people(title):
        return KindFound("lost", "the notice cites the duty to report a loss")
    return by_body


def _located(rule: str, kind: Kind, match: re.Match[str] | None) -> KindFound:
    return KindFound(kind, rule, *(match.span() if match else (0, 0)))


def _by_title(title: str, opening: str, first: str) -> KindFound | None:
    stolen = _STOLEN_TITLE.search(title)
    lost = _LOST_TITLE.search(title)
    if stolen and not _about_people(title):
        if lost and re.search(
            r"\b(?:lost|missing)\s*(?:/|or)\s*stolen|stolen\s*(?:/|or)\s*(?:lost|missing)",
            title,
            re.I,
        ):
            theft = _theft_said(first, len(title))
            return _located(
                "title says lost or stolen", "stolen" if theft else "lost", theft or lost
            )
        return _located("title says theft", "stolen", stolen)
    abandoned = _ABANDONED_TITLE.search(title)
    if abandoned and (_DOWNHOLE.search(title) or _DOWNHOLE.search(first)):
        return _located("title says left in a well", "abandoned", abandoned)
    if lost and _is_radioactive(title, opening) and not _about_people(title):
        theft = _theft_said(first, len(title))
        if theft and not re.search(r"\blost\b[^.]{0,20}\b(?:found|recovered)", title, re.I):
            return _located("title says missing, text says theft", "stolen", theft)
        downhole = _DOWNHOLE.search(first)
        if downhole and re.search(r"\babandon\w*", first, re.I):
            return _located("text says left in a well", "abandoned", downhole)
        place = re.search(
            r"\b(?:discovery|discovered|found|recovered|recovery)\b[^.]{0,60}\b(?:scrap|"
            r"landfill|trash|transfer station|recycl\w+)",
            title,
            re.I,
        )
        if place:
            return _located("title says found in scrap or waste", "found", place)
        return _located("title says loss", "lost", lost)
    if abandoned and not re.search(
        r"\b(?:cooling tower|cell|cold trap|piping|equipment|line)s?\b", title, re.I
    ):
        return _located("title says abandoned", "abandoned", abandoned)
    found = _FOUND_TITLE.search(title)
    if found and not _FOUND_OTHER.search(title) and not _FOUND_NOT.search(title):
        if _is_radioactive(title, opening):
            return _located("title says find", "found", found)
    if (
        found
        and _FOUND_PLACE.search(title)
        and re.search(r"scrap|landfill|transfer station|trash|recycl", title, re.I)
    ):
        if not re.search(
            r"\b(?:fire|patient(?! waste)|treatment|medical event|criticality|bulletin)\b",
            title,
            re.I,
        ):
            return _located("title says detected in scrap or waste", "found", found)
    return None


def _about_people(title: str) -> bool:
    return bool(
        re.search(
            r"\b(?:misadministration|under ?dos\w+|medical event|overexpos\w*|implant\w*|"
            r"patient (?:received|intervention))\b",
            title,
            re.I,
        )
    )


def _is_radioactive(title: str, opening: str) -> bool:
    return bool(
        re.search(rf"\b{_THING}\b", title, re.I)
        or re.search(r"\b(?:radioactive|curies?|Ci|Bq|gauge|source|tritium)\b", opening, re.I)
    )


def _theft_said(text: str, skip: int) -> re.Match[str] | None:
    """Whether the text says or presumes that the thing was stolen."""
    for match in _STOLEN_BODY.finditer(text, min(skip, len(text))):
        words = match[0].lower()
        if re.search(
            r"(?:loss|lost|missing)(?:,? or|,? and|,|/| and/or)+ ?(?:stolen|theft)|(?:stolen|"
            r"theft)(?:,? or|,? and|,|/| and/or)+ ?(?:loss|lost|missing)|stolen (?:or|/) "
            r"(?:lost|missing)|missing or stolen|police report|or (?:was |were )?stolen",
            words,
        ):
            continue
        around = text[max(0, match.start() - 30) : match.end() + 30].lower()
        if re.search(
            r"lost or stolen|\bor stolen|stolen,? or|not stolen|whether|lost/stolen|/stolen|"
            r"stolen/|theft or loss|loss or theft|stolen, lost",
            around,
        ):
            continue
        return match
    return None


def _by_body(title: str, first: str) -> KindFound:
    if _about_people(title) or re.search(
        r"\b(?:part[ -]?21|bulletin 91-01|91-01|criticality|unanalyzed|sprinkler|uf6|autoclave|"
        r"unusual event|fitness|technical specification|tech spec|"
        r"stuck|fail(?:ed|ure)|damaged?|leaking|overexposure|exposure|contaminat\w+|"
        r"misadministration|medical|dose|dosage|shutter|malfunction\w*|fire|spill|release|"
        r"retract|disconnect\w*|explosion|accident|run over|defect\w*|inoperable|press release)\b",
        title,
        re.I,
    ):
        return KindFound("other", "title says something else")
    at = 0
    scores: dict[Kind, list[re.Match[str]]] = {
        "stolen": [],
        "lost": [],
        "found": [],
        "abandoned": [],
    }
    for sentence in sentences(first)[:14]:
        at = max(first.find(sentence, at), at)
        end = at + len(sentence)
        theft = _theft_said(first[:end], at)
        lost = _LOST_BODY.search(first, at, end)
        found = _FOUND_BODY.search(first, at, end)
        if theft:
            scores["stolen"].append(theft)
        if lost:
            scores["lost"].append(lost)
        if (
            found
            and not _FOUND_NOT.search(sentence)
            and not re.search(r"\b(?:found|discovered) missing\b", sentence, re.I)
        ):
            if _FOUND_PLACE.search(sentence) or re.search(
                r"\b(?:scrap|landfill|transfer station|recycl\w+)\b", first[:700], re.I
            ):
                scores["found"].append(found)
    downhole = _DOWNHOLE.search(first)
    if (
        downhole
        and re.search(r"\babandon\w*", first, re.I)
        and re.search(r"\bsources?\b", first, re.I)
    ):
        return _located("text says left in a well", "abandoned", downhole)
    if scores["stolen"]:
        return _located("text says theft", "stolen", scores["stolen"][0])
    if scores["lost"] and (
        not scores["found"] or scores["lost"][0].start() <= scores["found"][0].start()
    ):
        return _located("text says loss", "lost", scores["lost"][0])
    if scores["found"]:
        return _located("text says find", "found", scores["found"][0])
    return KindFound("other", "no words of loss or find")
