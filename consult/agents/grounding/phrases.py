"""Phrases of patients that the check of claims knows, over normalised text."""

from __future__ import annotations

import re

WHETHER = re.compile(
    r"^\W*(?:and |so |well |ok |okay |now |, )*(?:do|does|did|is|are|was|were|has|have|had|any|anything|anyone"
    r"|can|could|will|would|what about|how about)\b"
    r"|\b(?:any|does it|do you|is it|are there|or)\b"
)
"""How a question begins that asks whether something is so."""
ASKS_WHAT = re.compile(r"\W*(?:(?:and|so|but|well|now|ok|okay),? )*(?:what|how|where|when|why|who|which)\b(?! about\b)")
"""Matches a question that yes or no does not answer."""
GIVEN = frozenset(["the", "your", "his", "her", "that", "this", "those", "these", "their"])
"""Words before what a question takes as known."""
VOCATIVE = re.compile(r"(?:, ?|^)(?:doctor|doc|nurse|sir|madam|love|dear|mate)(?= ?[,.!?;]|$)")
"""Matches whom a line speaks to."""
UNSURE = re.compile(
    r"\b(?:not (?:\w+ )?(?:know|sure|certain|remember|recall|say|tell)|no (?:idea|clue)"
    r"|could not (?:\w+ )?(?:tell|say)|wish i (?:knew|could)"
    r"|\bi (?:\w+ )?forget\b|hard to (?:say|tell)|who knows|dunno|not a clue|can not think"
    r"|never (?:\w+ )?(?:noticed|checked|paid)"
    r"|search me|beats me|got me there|(?:your guess|ask me another)|(?:god|heaven|heavens|goodness|lord|who) knows"
    r"|no way of knowing|lost track|not (?:\w+ )?(?:put a|put my finger|place it|pin it|be sure|work out)"
    r"|never thought about"
    r"|no one has ever told me|nobody has ever told me)\b"
)
"""What says that the patient does not know."""
ANSWER = re.compile(
    r"^\W*(?:(?:oh|well|ah|um|er|hmm|honestly|to be honest|i am afraid|fortunately|unfortunately|luckily"
    r"|actually|thankfully|doctor)\b\W*)*"
    r"(?:(?P<no>no|god no|far from it|quite the (?:opposite|contrary)|nope|nah|never|none|not|nothing|nobody"
    r"|neither|(?:i )?(?:do|have|am|can|did|was) not|it (?:is"
    r"|does|has|did) not|they (?:are|do|have) not|(?:he|she) (?:is|does|has|did) not)"
    r"|(?P<yes>yes|yeah|yep|aye|(?:i (?:do|have|am|can|did|was)|it (?:is|does|has|did)|they (?:are|do|have)|(?:he"
    r"|she) (?:is|does|has|did))(?! \w+ (?:no|not|never)\b)|like (?:mad|crazy|hell|anything)|and how|you bet"
    r"|too right|exactly|correct"
    r"|spot on|sure"
    r"|that is right|very much|i am afraid so|both|all|definitely|certainly|of course|absolutely|indeed|always"
    r"|every))\b"
)
"""How a short answer begins."""
ECHOED = re.compile(r"^\W*(?:\w+ ){0,3}\w+\?\s*")
"""Matches the part of a question that a patient repeats before the answer: "Sick? No."."""
IS_IT = re.compile(r"\b(?:is|could|can|might|may) (?:it|this|that) (?:\w+ ){0,4}(?:my|his|her|the) (?:\w+ )?\w+\W*$")
"""Matches a question about where a complaint comes from."""
OF_MINE = re.compile(
    r"\b(?:my|(?:have|had)(?: not)? i (?:been|had|got|lost)|(?:do|did|am|was) (?:i not|not i)|i have|i am|i had"
    r"|i was|our|his|her|he has|she has|we have)\b(?! (?:worried|to))"
)
"""What makes a question one about the patient."""
TALK = re.compile(
    r"\b(?:insist|say|said|tell|told|think|thought|made|make|send|sent|brought|bring|drag|nag|worr|thank|wait"
    r"|drove|call|ask|kept|keep|push|persuad|convinc|notic|spotted|point|laugh|fuss|tease|love|adore)"
)
"""What other people do that is not a claim: they notice the complaint, and tell the patient to come."""
LIKENED = re.compile(
    r"\b(?:same as|like|as|unlike) (?:my|his|her|our|the|a)\b|\b(?:too|as well|also|same|similar)\b"
    r"|\b(?:has|have|had|got|gets|caught|suffers?|suffered) (?:it|this|that|them|one|something|these|those)\b"
    r"|\bso (?:has|have|had|does|did|is|was)\b|\bcaught\b|\bfrom (?:my|his|her|our)\b"
)
"""What likens the complaint to somebody else's."""
SUFFERED = re.compile(r"\b(?:has|had|gets|got|suffer\w*|died)\b")
"""What is said of somebody who is ill."""
WE_HAVE = re.compile(r"\b(?:i|we|you) (?:have|had|have got|got|have had|am|are|were)\b")
"""Whom one has in the family."""
OWN_ACT = re.compile(r"(?<!do )(?<!should )(?<!can )(?<!will )(?<!may )(?<!must )(?<!could )\bi \w+")
"""What the patient says of itself in a question."""
HAS = re.compile(
    r"\b(?:have|has|had|got|gets?|getting|take|takes|took|taking|am on|use|uses|using|there (?:is|are|was|were)|with)"
    r"(?: (?:a|an|the|this|these|some|any|my|his|her|bit|of|kind|sort|little|lot|few|really|very|quite|rather|also"
    r"|weird|funny|strange|odd|horrible|terrible|awful|nasty|sort|such|more|much|\w+ly))*$"
)
"""What stands before what somebody has or takes."""
ESPECIALLY = re.compile(r"\b(?:especially|particularly|in particular|above all|most of all)\b .*")
"""What singles out a circumstance."""
COMPLAINT = re.compile(
    r"\b(?:it|they|them|these|those|feel|feels|feeling|felt)\b|\b(?:this|that) (?:happens?|happened|is|was|has"
    r"|started|comes|came)\b"
)
"""Pronouns for the complaint."""
SUPPOSED = re.compile(
    r"\bwhat if\b|\b(?:in case|hop(?:e|ing)|imagine|wish)\b|\b(?:afraid|scared|terrified|frightened|worried|worry"
    r"|worrying|dread|dreading|fear) (?:that|of|about|if|i|it|he|she|we)\b|\b(?:would|could|might) (?:be|never"
    r"|have to)\b"
    r"|\b(?:can not|could not) (?:wait|help|stop|bear|afford|imagine|thank|complain|say|tell|remember|recall"
    r"|think of)\b"
)
"""What is feared, hoped or imagined, and so not said to be."""
ACTING = re.compile(
    r"\b(?:i|we|he|she|you|everyone|everybody|somebody|my \w+|our \w+|his \w+|her \w+|the \w+) (?:\w+ )?(?!is\b"
    r"|are\b)\w{2,}"
)
"""Somebody who does something."""
ONSET = re.compile(
    r"\b(?:start(?:s|ed)|began|begun|begins) (?:to )?(?P<what>(?!worr|think|wonder|feel|get|panic|fear|imagin"
    r"|look|google|count)"
    r"(?:\w+ing|(?<=to )\w+))\b"
)
"""What somebody has begun to do."""
WELL = re.compile(
    r"\b(?:fine|ok|okay|normal|alright|all right|clear|good|great|perfect|negative|clean|silent|quiet|conscious"
    r"|dry|healthy|steady|regular|same|stable|stays? put)\b"
)
"""What says in a positive form that a complaint is absent."""
ALL_WELL = re.compile(
    r"\b(?:is|are|see|hear|sleep|slept|feels?|looks?|swallow|works?|vision|hearing|eat|breathe|walk)"
    r" (?:(?:all|just|perfectly|absolutely|quite|completely|still|really) )*"
    r"(?:fine|ok|okay|normal|alright|all right|perfect(?:ly)?|no (?:trouble|problem)|as (?:always|ever))\b"
)
"""Matches what says that a complaint is absent."""
ENOUGH = re.compile(rf"{WELL.pattern}|\b(?:well|enough|plenty)\b")
BADLY = re.compile(
    r"\b(?:terribl[ey]|bad(?:ly)?|awful(?:ly)?|dreadful(?:ly)?|horribl[ey]|poor(?:ly)?|hardly|barely"
    r"|shocking(?:ly)?|rubbish"
    r"|lousy|hopeless|rotten)\b"
)
"""Match what says that something goes well, and that it does not."""
NO_BETTER = re.compile(r"\b(?:no|not any) (?:better|improvement)\b")
"""Matches what has not improved."""
NOT_WELL = re.compile(r"\bnot (?:\w+ ){0,3}(?:well|good|great|properly|much|right)\b")
"""Matches what goes badly."""
MOVED = re.compile(
    r"\b(?:turn|shake|shook|move|raise|put|hold|held|lay|nod|rest|bury|hang|keep|kept|shut|close|roll|cross"
    r"|wave|stamp|throw"
    r"|stretch|clear|wash|dry|wipe|brush|touch|grab|warm|cover|dip|stick|clap|wring|wrap)(?:s|ed|ped|ing)?"
    r" (?:my|his|her|the)"
)
"""Matches what somebody does with a part of the body, before its name."""
COORDINATED = re.compile(r"\b(?:and|but|or)\b|,")
"""What joins several statements of one fact."""
FIRST = re.compile(
    r"\b(?:i|i have|i am|my)\b(?! (?:would say|think|mean|guess|suppose|believe|noticed?|know"
    r"|saw|see))"
)
OWN = re.compile(
    r"(?:(?:yes|no|well|yeah|actually|oh) )*i (?!think|guess|suppose|believe|know|notice|see|saw|found|would"
    r"|mean|say)\w+"
)
"""Matches the beginning of a clause about the speaker."""
FIRST_ANYWHERE = re.compile(r"\b(?:i|me|my)\b")
THIRD = re.compile(r"\b(?:he|she|his|her)\b")
THIRD_ANYWHERE = re.compile(r"\b(?:he|she|him|his|her|hers|himself|herself|we|our|us)\b")
"""Whom a statement is about."""
OTHERS = re.compile(
    r"(?:(?:yes|no|well|yeah|actually|oh|it is) )*(?:(?:my|our|the) (?P<who>[a-z]+)|(?:he|she|his|her)) "
)
"""Matches the beginning of a clause about somebody else."""
HE_SHE = (r"\b(?:he|him|his)\b", r"\b(?:she|her|hers)\b")
SUSPECTED = re.compile(r"\b(?:it|this|that) (?:is |be |was )?(?:not )?(?:be )?(?:a|an|some|my|1) .*")
"""What a patient asks whether it could be."""
SIMILE = re.compile(r"\b(?:like|as) (?:(?:a|an|the|1|two|some) )?(?:\w+ )?$")
"""What stands before a likeness."""
LIKE = re.compile(
    r"\b(?:like|as if|as though|as \w+ as) (?:(?:an?|the|my|his|her|our|some|those|these|you|your|somebody"
    r"|someone|\d+)\b"
    r"|(?:i|it|he|she|we|they) (?:am|is|are|was|were|had|have|has)\b)"
)
"""Matches the beginning of a comparison."""
LOOKS = re.compile(
    r"\b(?:feel|feels|look|looks|looked|smells?|sounds?|(?:it|they|that) (?:is |are |has |have )?"
    r"(?:got|gets?|getting|gone|goes|went|going|turn(?:s|ed|ing)?|becom(?:es|ing)|became))"
    r"(?: (?:a|an|the|so|very|really|quite|rather|bit|little|more|all|and|too|even|kind|sort|of|like|\w+ly))*$"
)
IS = re.compile(
    r"\b(?:is|are|was|were|been|being|gets?|got|getting|gone|goes|turn(?:s|ed|ing)?|becom(?:es|ing)|became"
    r"|looks?|feels?)"
    r"(?: (?:a|an|so|very|really|quite|rather|bit|little|more|all|too|even|kind|sort|of|also|now|\w+ly))*$"
)
"""What stands before a word that describes something."""
_PERIOD = r"(?:minute|hour|day|night|week|month|year|time)"
COURSE = re.compile(
    rf"\b(?:more|less|worse|stronger|weaker|(?!never|after|over|under|other|together|whether)\w{{3,}}er)"
    rf" (?:and (?:more|less|\w+er)|(?:every|each|by the"
    rf"|with every) {_PERIOD})\b"
    rf"|\b(?:getting|gets|growing|got|become|becoming|became|gotten) (?:a (?:bit|little|lot) |much |even |so much )?"
    r"(?:(?:more|less)\b(?! (?:and more )?(?:worr|anx|concern|nerv|upset|frustr|desp|scar|fright|embarr|annoy"
    r"|impatient"
    r"|used|time|help|information))|(?!rather|other|another|number|older|easier|nowhere|ever|over|under|after"
    r"|together"
    r"|better|used)\w{3,}er\b)"
    r"|\b(?:increas|decreas|deteriorat|progress|escalat|intensif|spread|build)\w*(?: up)? (?:every|each"
    r"|steadily|rapidly|day)"
    r"|\b(?:more|less|worse|fewer|most(?:ly)?|especially) (?:so )?(?:at|in|on|when|after|during|before|towards|with) "
    r"(?!(?:all|general|fact|a way|the end|my mind|life)\b)(?:(?:the|my|an?) )?\w+"
    r"|\b(?:\w{3,}er|more|less|worse) (?:\w+ )?than (?:usual|normal|before|it|ever|last|the"
    r"|(?:he|she|i) (?:used|did|was|had))\b"
    r"|\bday by day\b|\bon the (?:rise|increase|mend)\b"
)
"""How a complaint changes."""
VAGUE_TIME = re.compile(
    r"\b(?:a few|several|some(?! days (?:i|it|they|he|she|there|are|is)\b)|many|countless|a number of|a good few"
    r"|quite a few) (?:minutes|hours|days|weeks"
    r"|months|years|decades)\b"
    r"|\bfor (?:ages|a while|(?:quite )?some time|(?:minutes|hours|days|weeks|months|years|decades)|a long time"
    r"|ever)\b"
    r"|\b(?:all|most of) (?:last|this|the) (?:week|month|year|summer|winter|spring|autumn)\b"
)
"""How long, without a number."""
ANOTHER_TIME = re.compile(
    r"\b(?:last|next|every|each|some|most) (?:\w+ )?(?:day|night|week|month|year|morning|evening|time)s?\b"
    r"|\b(?:yesterday|today|tonight|ago|daily|weekly|always|constantly|never|rarely|sometimes|often|all the time)\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
)
"""Matches a time that can mean another one."""
STOPPED = re.compile(
    r"\b(?:stopp?(?:ed)?|quit|(?:gave|given) up|(?:came|come|been) off|no longer|not \w+ any ?more)"
    r" (?:\w+ )?(?:taking|using|smoking|drinking|having|doing|eating|going|wearing|seeing|take|use|smoke|drink"
    r"|have)\b"
)
"""Matches what was done earlier and is no longer done."""
ENDED = re.compile(r"\b(?:stop|stopped|quit|up|off|no longer|any ?more|used to|former|until)\b")
"""What says so of a fact."""
HOW_OFTEN = re.compile(
    r"\bhow (?:often|many times|frequently)\b|\bwhen (?:are|is|do|does)\b|\ball the time\b|\balways\b"
)
"""Matches a question about how often something happens."""
SINCE_WHEN = re.compile(r"\b(?:when did|when was|when you|when it|how long|since when|how (?:often|recently))\b")
"""Matches a question about a time."""
GUESSED = re.compile(
    r"\b(?:it|this|that) (?:must|has to|is bound to|will|is going to|can only|could only) be (?P<what>(?:an?"
    r"|some|my|1) .*)"
    r"|\b(?:it|this|that) is (?:probably|surely|definitely|clearly|obviously|certainly|likely"
    r"|bound to be) (?P<that>(?:an?|some|1) .*)"
    r"|\b(?:convinced|certain|positive|swear|bet) (?:that )?(?:it|this|that) (?:is|was) .*"
)
"""Matches what a patient believes the complaint is."""
UNREAL = re.compile(r"\b(?:should|ought to|could|would) have\b")
"""What was not done."""
COUNTED_TALK = re.compile(
    r"\d+ (?:things|points|problems|reasons|words|questions|complaints|ways|answers|quid|dollars|euros|bucks"
    r"|pence|cents|people)\b"
)
"""What a number of the talk itself counts."""
SEVERE = re.compile(
    r"\b(?:severe(?:ly)?|terrible|terribly|awful|unbearabl[ey]|bad|badly|horrible|horrendous|intense|agony"
    r"|excruciating|violent"
    r"|killing me|the worst|enormous|huge|massive|extreme(?:ly)?|constant|very (?:strong|painful|sore|much))\b"
)
"""Matches what is not said of a mild complaint."""
HISTORY = re.compile(
    r"\b(?:have you (?:ever |recently |been |any )?(?:had|noticed|seen|taken|tried|travelled|been|lost|any)"
    r"|did (?:you|it|he|she|your)\b(?! (?:\w+ )?(?:find|get here|come|manage|bring|walk|drive)\b)"
    r"|do you (?:smoke|drink|take|use|live|work|exercise|sleep|eat|wake)|when (?:did|was|do|were)"
    r"|when you (?:first|last)"
    r"|how (?:long have|long has|long did|often do|often does|many|much)|where (?:is|are|does|do|did)"
    r"|what (?:do|did) you (?!think|mean|want|say|know|expect|hope)|who (?:lives|looks|do you)|what treatment"
    r"|are you (?:allergic|pregnant|taking|on|married|working)|(?:does|has|did|is|was) (?:anyone|anybody|he|she"
    r"|it|your)\b(?! (?:holiday|weekend|journey|trip|day|week|morning|birthday)))"
)
"""Matches a question about the patient's history or complaint."""
DECLINED = re.compile(
    r"\b(?:rather not|not want to|not like to|private|personal|have to (?:ask|check|look)|wish i could"
    r"|let me (?:think|check|see)"
    r"|sorry|pardon|again|louder|mean|never (?:met|knew|asked|looked|thought))\b"
)
"""Matches words that leave a question unanswered."""
MYSELF = re.compile(r"\bi (?:\w+ )+myself\b|\bi (?:have|do|am|did) too\b")
"""Matches how a patient answers a question about others for itself."""
EXAMPLE = re.compile(r"\b(?:for example|for instance|such as|including|e\.g\.)")
"""Matches the words before examples in a question."""
MALE = r"\b(?:husband|son|father|dad|brother|uncle|grandfather|grandad|grandpa|boy|nephew|boyfriend|man)\b"
FEMALE = r"\b(?:wife|daughter|mother|mum|mom|sister|aunt|grandmother|gran|grandma|girl|niece|girlfriend|woman)\b"
"""Of whom one says "he" or "she"."""
WHICH_SIDE = re.compile(
    r"\b(?:left|right) (?:\w+ )?or (?:\w+ )?(?:left|right)\b|\b(?:which|what|one) side\b|\bboth sides\b"
)
"""Matches a question about a side."""
WAITING = re.compile(
    r"\b(?:on hold|on the (?:phone|line)|(?:minutes?|hours?|days?) (?:away|from here|up the road|by (?:car|bus"
    r"|train)|on the (?:bus|train))|wait|driven|driving|put(?:ting)? (?:it|this) off|sat|sit|queue|mean(?:ing"
    r"|t)|worr|thank|think|talk"
    r"|know|known"
    r"|seen you|been coming"
    r"|remember|drive|drove|travel)"
)
"""What takes time and is no complaint."""
ALWAYS = re.compile(
    r"\b(?:always|constantly|all day(?: long)?|all the time|all night(?: long)?|the whole (?:day|night|time)"
    r"|round the clock"
    r"|day[ _]and[ _]night|night[ _]and[ _]day|non ?stop|continuous(?:ly)?|permanently|every (?:single )?(?:minute"
    r"|hour|day|night)|daily"
    r"|24/7|without a break|never stops)\b"
)
"""What never stops."""
AT_TIMES = re.compile(
    r"\b(?:sometimes|occasionally|rarely|seldom|now[ _]and[ _](?:then|again)|from time to time|on[ _]and[ _]off"
    r"|comes?[ _]and[ _]goes?"
    r"|in the (?:morning|evening|afternoon)s?|at night|at times|some (?:days|nights|mornings)|once in a while|when)\b"
)
"""What happens at times."""
CAUSE = re.compile(
    r"\b(?:because of|due to|thanks to|caused by|comes? from|came from|down to|blam(?:e|ed|ing)|trigger(?:s|ed|ing)?"
    r"|brought on by|sets? (?:it|him|her|me|them|this|that) off|set off by|brings? (?:it|this|them) on"
    r"|reacts? to|allergic to"
    r"|whenever|every time|each time|as soon as|anything with|a result of) .*"
    r"|\b(?:from|after) (?:all )?(?:the|that|this|too much|so much|eating|drinking|using|wearing|carrying|lifting) .*"
    r"|.*\b(?:sets? (?:it|him|her|me|them|this|that|my \w+) off|brings? (?:it|this|them) on|trigger(?:s"
    r"|ed)? (?:it|this|them)"
    r"|is (?:to blame|the cause|the culprit)|causes? (?:it|this|them))\b"
)
"""Why something happens."""
ITS_ME = re.compile(r"\bit is (?:actually |really )?me (?:who|that|with)\b|\bi am the (?:1|one) (?:who|with|that)\b")
"""Matches who says to be the one that it is about."""
GREETING = re.compile(
    r"^\W*(?:good )?(?:morning|afternoon|evening)(?:,? (?:doctor|doc|nurse|everyone|all))?(?= ?[,.!])"
)
"""Matches a greeting that is no time."""
CIRCUMSTANCE = re.compile(
    r"\b(?:after|since|when|once|from|so (?:do|does|did|is|has|have|are)) (?:i|he|she|we|my|his|her|the|an?"
    r"|\w+ing)\b.*"
    r"|\b(?:worse|better|bad|comes?|flares?|itch\w*|hurts?) (?:in|at|when|after|with|on|during|every)\b.*"
)
"""When or why something happened."""
TREATED = re.compile(
    r"\b(?:tried|trying|using|applied|applying|rubb(?:ed|ing)|dabb(?:ed|ing)|smear(?:ed|ing)|spray(?:ed|ing)"
    r"|soaked|prescribed|bought|given (?:him|her|me)|gave (?:him"
    r"|her|me)"
    r"|cut out|switched to) (?:(?:an?|the|some|my|his|her|out|any|with|in) )*(?P<what>\w+)"
)
"""What was done about a complaint."""
LIFELONG = re.compile(
    r"\balways (?:been|had) (?:(?:an?|bit|of|little|touch|lot|very|quite|rather|so|fairly|the|my) )*(?P<what>\w+)"
)
"""What has been so all along."""
SUBJECT = re.compile(
    r"(?:my|the|his|her|our) .*?(?= (?:is|are|was|were|has|have|had|hurts?|itch(?:es)?|started|began|comes?|does"
    r"|do|can)\b)"
)
"""The subject of a fact."""
PRONOUN = re.compile(r"\b(?:it|they|them|that|this|these|those)\b")
"""What stands for a subject."""
CHILD = re.compile(r"\b(?:he|she|his|her|him|little (?:one|man|girl|boy))\b")
"""What stands for a patient's child."""
INTRODUCED = re.compile(
    r"(?:\b(?:Dr|Doctor|Mr|Mrs|Ms|Miss|Sir|Nurse)\.? (?:[A-Z]\w+ )?|\b[Mm]y name(?: is|'s) (?:[A-Z]\w+ )?)$"
)
"""What stands before a name that claims nothing."""
WEEKDAY = r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day"
MONTH = r"\b(?:january|february|march|april|may_month|june|july|august|september|october|november|december)\b"
"""Names of days and months, which are compared as numbers are."""
CUES = re.compile(
    r"\bin (?:my|his|her) (?:early |late |mid )?(?:teens|twenties|thirties|forties|fifties|sixties|seventies"
    r"|(?:20|30|40|50|60|70)s)\b|\b(?:years|months|weeks) back\b(?<!\d years back)"
    r"(?<!\d months back)(?<!\d weeks back)|\bbeen (?:through|here with) (?:this|it|that|all this) before\b"
    r"|\bthe (?:second|third|fourth|fifth|last|umpteenth|nth|2nd|3rd) time (?:this|in|that|already)\b"
    r"|\bhad (?:my|his|her|the|it|them|this|one) (?:\w+ )?(?:out|removed|replaced|checked|looked at|taken out"
    r"|cut out|fixed)\b"
    r"|\b(?:gave|given) (?:me|him|her|us) something\b|\bborn (?:early|late|premature\w*|with)\b"
    r"|\b(?:since|in) childhood\b|\bsame as (?:when|that time|last)\b|\bthe same (?:thing|problem|trouble|pain"
    r"|complaint|symptoms?|one)\b"
    r"|\b(?:had|has|have|got|seen|felt|happened) (?:it|this|that|one|something|anything|the same|the same thing"
    r"|something similar|a similar) (?:\w+ )?(?:before|once|last|years?|when|earlier|previously)"
    r"|\bthe same (?:thing )?(?:happened|last|years?|before|as)\b|\bused to (?!it\b|this\b|that\b)\w+"
    r"|\bever since\b"
    r"|\b(?:as|when i was|since i was) an? (?:child|kid|boy|girl|baby|teenager|student)\b|\bwhen i was \w+"
    r"|\ball my life\b"
    r"|\b(?:in|over) the past\b(?! \d)|\b(?:years|months|weeks"
    r"|days) ago\b(?<!\d years ago)(?<!\d months ago)(?<!\d weeks ago)(?<!\d days ago)"
    r"|\bbefore (?:that|this|then)\b(?! \w+(?:s|ed)\b)|\blast (?:night|week|month|year|winter|summer|spring"
    r"|autumn|time|christmas)\b"
    r"|\bmy (?:first|second|third|2nd|3rd|1st) (?:child|baby|pregnancy|one)?|\bruns? in (?:the|my) family\b"
    r"|\bdown with\b|\blost (?:the|my|our|a) (?:\w+ )?(?:one|baby|child|pregnancy)\b"
    r"|\b(?:makes?|made|making) (?:it|them|things|that) (?:worse|better|itch|hurt|flare)\b"
    r"|\b(?:can|could|am|is|was) (?:not|hardly|barely|unable to) (?:even )?(?:walk|move|bend|sit|stand|lift|open"
    r"|close|chew|talk|concentrate|see|hear|straighten|grip|climb|work|focus|look at)\b"
    r"|\b(?:hardly|barely) (?:sleep|slept|walk|eat|move|breathe)\b|\bhalf expected\b|\bsecond (?:child"
    r"|pregnancy|baby|one)\b"
    r"|\bwith my (?:first|second|third)\b|\ba course of\b|\bsize of\b|\bas big as\b"
    r"|\bspen[dt]\w* (?:\w+ ){0,3}(?:years|decades) (?:on|in|at|around|with|near|under|working|doing)\b"
    r"|\b(?:crying|in tears) (?:at my|for no|all the|every|over nothing)\b"
    r"|\b(?:not|is|was) (?:exactly )?(?:the|my|his|her) first (?:time|1)\b|\bin (?:my|his|her) (?:youth"
    r"|younger days|day)\b"
    r"|\bevery (?:winter|spring|summer|autumn|christmas|year|month)\b"
    r"|\bback from (?:a |our |my |the )?(?:holidays?|trip|vacation|abroad|travels?|cruise)\b"
    r"|\b(?:well|poorly|under|badly|out of) control\w*|\bnothing (?:i|we) (?:have )?(?:put|tried|used|taken"
    r"|take|use|do|did)\b"
    r"|\bthe (?:second|third|fourth|fifth|2nd|3rd|4th|5th|2|3|4|5) (?:one )?(?:this|in|that|already)\b"
    r"|\bnot (?:been |wanted to |want to |able to )?(?:eat|eaten|eating|drunk|drinking)\b(?! (?:here|there|since))"
    r"|\bcomes? and goes?\b|\bonly (?:very )?(?:slight|mild|minor)\b"
    r"|\b(?:my|the|another|a) (?:gp|doctor|dentist|pharmacist|nurse|optician|consultant|specialist) (?:had|took"
    r"|has had) (?:a|another) look\b"
    r"|\b(?:tried|done) everything\b|\bstarted (?:off |out )?(?:small|tiny|as an?)\b|\bnow look at (?:it|me|him"
    r"|her|them)\b"
    r"|\bfeels? (?:like|as if|as though) (?:there (?:is|are) (?!no\b|nothing\b)\w+|something (?:is )?(?:in"
    r"|under|stuck|\w+ing))"
    r"|\bcan not (?:even )?(?:(?:get|put) (?:my|his|her) \w+ (?:on|off|up|down)|tie|button|carry|reach|hold|do up)\b"
    r"|\bsee (?:the|any) point\b|\bno point in \w+ing\b|\bnot (?:him|her)self\b|\bjust (?:lies|lie|lay) there\b"
    r"|\b(?:they|the (?:nurse|midwife|gp|pharmacist|chemist|dentist|optician|consultant|specialist|hospital"
    r"|other doctor)"
    r"|my (?:nurse|midwife|gp|pharmacist|dentist|optician|consultant)) (?:say|said|says|told (?:me|us)|thinks?"
    r"|thought|reckons?|found)"
    r"\b(?! (?:\w+ )?(?:to|i (?:should|could|had to|have to|need)|you (?:would|will|are|could|can)|wait|hello)\b)"
    r"|\b(?:end|ended) up\b|\b(?:up|awake) (?:half|all|most of) (?:the )?night\b"
)
"""Phrases of history, and of what makes a complaint better or worse."""

HABIT = re.compile(
    r"\b(?:i|he|she) (?:\w+ )?(?:drink|drank|smok|eat|ate|take|took|use|work|sleep|slept|wake|woke|walk|go|went"
    r"|live|been|have|has|had|get|got|do)\w*\b"
)
"""What the patient is said to do or have."""
PLAN = re.compile(r"\b(?:will|going to|gonna|let us|shall|(?:i|we) (?:would|had) better)\b")
"""What is going to be done."""
FANCIED = re.compile(
    r"\b(?:you would (?:\w+ )?think|you would expect|like (?:it|i|he|she|they|you|we)\b)[^.,;!?]*$"
    r"|\b(?:feel|feels|felt|look|looks|looked|act|acts) (?:(?:like|about|still|more) )*$"
)
"""What stands before a number that measures nothing."""
NAMED = re.compile(
    r"\b(?:to|from|around|with|of|tak\w+|took|us\w+|on|tried|trying|have|has|had|got|called|it's|is|was)"
    r" (?:(?:an?|some|the|my) )?$"
)
"""What stands before the name of a drug, a disease, or of where somebody has been."""
