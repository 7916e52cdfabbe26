"""What the English stories are made of."""

from __future__ import annotations

import re

from sample_data.stories import Dependency, Errand, Language, Scene

AIR = Dependency(
    causes={
        "grey": (
            "steel works",
            "brick kilns",
            "coal furnaces",
            "cement works",
            "chemical plants",
            "smoking factories",
            "copper smelters",
            "power stations",
        ),
        "blue": (
            "apple orchards",
            "vineyards",
            "flower fields",
            "tea gardens",
            "pine woods",
            "herb gardens",
            "hay meadows",
            "windmills",
        ),
    },
    cause_lines=(
        "Most people in {town} worked in the {cause}.",
        "{town} was known for its {cause}.",
        "Around {town} lay the {cause}.",
        "On every side the town was ringed by {cause}.",
        "From {his} window {hero} could see the {cause}.",
        "There was hardly a family in {town} that did not live from the {cause}.",
        "Beyond the last houses of {town} began the {cause}.",
    ),
    answer_lines=(
        "The sky over the town was {answer}.",
        "The sky over the town was {answer}, and nobody there remembered it otherwise.",
        "The sky there was {answer}.",
        "The sky was {answer}.",
        "Over the roofs of {town} the sky was {answer}.",
        "As on every other day, the sky over {town} was {answer}.",
        "When {he} looked up, the sky over the town was {answer}.",
        "{hero} opened the window, and the sky was {answer}.",
    ),
)

RIVER = Dependency(
    causes={
        "brown": ("tannery", "dye works", "gravel pit", "slaughterhouse", "coal washery", "pig farm"),
        "clear": ("mountain spring", "glacier", "mossy forest", "snowfield", "deep lake", "rocky gorge"),
    },
    cause_lines=(
        "Upstream from the town there was a {cause}.",
        "The river came down to {town} from a {cause}.",
        "Half a day upstream lay a {cause}.",
        "The river flowed past a {cause} before it came to {town}.",
    ),
    answer_lines=(
        "The river there was {answer}.",
        "The river was {answer}.",
        "Under the bridge of {town} the water ran {answer}.",
        "{hero} dipped a jug into the river, and the water was {answer}.",
        "Below the bridge the river was {answer}, and the boys threw stones into it.",
        "The children fished in the river, though the water was {answer}.",
    ),
)

HARVEST = Dependency(
    causes={
        "empty": ("dry", "frosty", "stormy", "bitter", "rainless"),
        "full": ("mild", "warm", "gentle", "soft", "sunny"),
    },
    cause_lines=(
        "The spring had been {cause}.",
        "It had been a {cause} spring.",
        "From March to May the weather had been {cause}.",
        "Old farmers said that no spring had ever been so {cause}.",
    ),
    answer_lines=(
        "That autumn the barns were {answer}.",
        "The barns were {answer}.",
        "When the harvest was over, the barns of {town} were {answer}.",
        "The farmers of {town} showed their barns: they were {answer}.",
        "Behind every house stood a barn, and the barns were {answer}.",
    ),
    season="autumn",
)

MOOD = Dependency(
    causes={
        "sad": ("ill", "missing", "in prison", "badly hurt", "dying"),
        "happy": ("well again", "safe", "coming home", "free", "cured"),
    },
    cause_lines=(
        "In the morning a letter had come: {his} {sibling} was {cause}.",
        "Before breakfast {hero} had learned that {his} {sibling} was {cause}.",
        "{his} {sibling}, so the neighbours said, was {cause}.",
        "A telegram had told {him} that {his} {sibling} was {cause}.",
    ),
    answer_lines=(
        "All day {hero} was {answer}.",
        "{hero} felt {answer}.",
        "Whoever looked at {hero} saw that {he} was {answer}.",
        "That night {he} lay awake for a long time, so {answer} was {he}.",
        "{he} spoke little, but everyone noticed that {he} was {answer}.",
    ),
)

COLOURS = ("red", "green", "yellow", "white", "black")
COLOUR = Dependency(
    causes={colour: (colour,) for colour in COLOURS},
    cause_lines=(
        "Before {he} left, a neighbour gave {him} a {cause} {thing}.",
        "At the fair {he} had bought a {cause} {thing}.",
        "{he} owned a {thing} that was {cause}.",
        "{his} grandmother had made {him} a {thing}, and it was {cause}.",
    ),
    answer_lines=(
        "{hero} took the {answer} {thing} with {him}.",
        "{he} looked at the {answer} {thing}.",
        "From far off one could know {hero} by the {answer} {thing}.",
        "A girl at the roadside pointed at {his} {answer} {thing}.",
        "{hero} sat down and laid the {answer} {thing} beside {him}.",
    ),
    leaving=True,
    on_road=True,
)

ANIMALS = ("dog", "goat", "donkey", "pony")
ANIMAL = Dependency(
    causes={animal: (animal,) for animal in ANIMALS},
    cause_lines=(
        "{hero} did not go alone: with {him} went the {cause}.",
        "{he} took along the {cause}.",
        "Beside {him} trotted a young {cause}.",
        "{he} had company, for behind {him} walked {his} old {cause}.",
    ),
    answer_lines=(
        "{hero} talked to the {answer}.",
        "{he} gave the {answer} some water.",
        "{he} fed the {answer}.",
        "Tired as they were, {hero} and the {answer} lay down in the straw.",
        "When {he} whistled, the {answer} came at once.",
    ),
    leaving=True,
    on_road=True,
)

HOSTS = ("Olga", "Hilda", "Bruno", "Simon", "Vera", "Hugo")
HOST = Dependency(
    causes={host: (host,) for host in HOSTS},
    cause_lines=(
        "{he} meant to spend the night with an innkeeper called {cause}.",
        "At the first inn the keeper was called {cause}.",
        "The first to greet {him} on the road was an innkeeper by the name of {cause}.",
        "In the first village {he} was given breakfast by an innkeeper, {cause}.",
    ),
    answer_lines=(
        "{he} thanked the innkeeper, {answer}.",
        "{he} often thought of {answer}.",
        "At home {he} told everyone about the innkeeper, {answer}.",
        "One who was not forgotten was the innkeeper, {answer}.",
        "In the evening {he} wrote a card to {answer}.",
    ),
    leaving=True,
)

DAYS = Dependency(
    causes={number: (number,) for number in ("two", "three", "four", "five", "six")},
    cause_lines=(
        "{he} promised to be back in {cause} days.",
        "“I shall be away for {cause} days,” {he} told the neighbours.",
        "The neighbours were asked to water {his} plants for {cause} days.",
        "{he} took bread for {cause} days.",
    ),
    answer_lines=(
        "It took exactly {answer} days.",
        "In the end {he} was away for {answer} days.",
        "{hero} had kept {his} word: it had been {answer} days.",
        "{he} was away {answer} days.",
        "The whole journey had lasted {answer} days.",
    ),
    leaving=True,
)

ERRANDS = (
    Errand(
        (
            "{his} {kin} {friend} lived in {village} and had been (coughing|in bed) for a week.",
            "{hero} packed (a pot of honey|a bottle of syrup|a bag of herbs) and set out (early|at sunrise|at dawn).",
        ),
        (
            "{friend} lay in bed when {hero} (came in|reached the house in {village}).",
            "{hero} cooked a soup, opened the window and stayed until {friend} fell asleep.",
            "(The next day|In the morning) the cough was almost gone, and {o_he} (could get up|laughed again).",
        ),
    ),
    Errand(
        (
            "{his} {kin} {friend} in {village} had a birthday.",
            "{hero} baked a cake, wrapped it in paper and (set out|left the house|took the road to {village}).",
            "? The paper was new, and {he} carried it as if it were glass.",
        ),
        (
            "In {village} the table was already laid.",
            "{friend} cut the cake, and (there was a slice for everybody|not a crumb of it was left).",
            "? Then {o_he} brought out the fiddle, and they danced until midnight.",
        ),
    ),
    Errand(
        (
            "{his} {kin} {friend} was moving to a new house in {village} and needed help.",
            "So {hero} closed the workshop, tied {his} boots and started (at dawn|early in the morning|at once).",
        ),
        (
            "In {village} boxes stood in the street as high as a man.",
            "{hero} carried chairs up the stairs, and {friend} carried the lamps.",
            "By evening everything had its place, and {o_he} was so tired that {o_he} fell asleep in {o_his} boots.",
        ),
    ),
    Errand(
        (
            "A storm had torn the roof off the house of {his} {kin} {friend} in {village}.",
            "{hero} took a hammer and a bag of nails and (went to help|set out to mend it).",
        ),
        (
            "The house in {village} looked worse than {hero} had feared.",
            "{he} nailed one board after another while {friend} handed up the nails.",
            "When the first star came out, the roof was whole again, and {friend} made {tea} for both.",
        ),
    ),
    Errand(
        (
            "There was a market in {village}, and {hero} wanted to sell (pots|baskets|wooden spoons|socks) there.",
            "{he} put everything into a sack and (left before sunrise|was on the road before anyone else).",
            "? “If it goes well, I shall buy a new saw,” {he} thought.",
        ),
        (
            "The market in {village} was crowded.",
            "{hero} spread a cloth on the ground and called out {his} prices.",
            "(By noon everything was sold, and the money was enough for a saw.|But nobody bought much.)",
            "Before going home {hero} looked in on {his} {kin} {friend}, who lived round the corner.",
        ),
    ),
    Errand(
        (
            "A parcel had come to the wrong house: it was meant for {his} {kin} {friend} in {village}.",
            "“I shall bring it myself,” said {hero}, and (put on {his} boots|locked the door behind {him}).",
        ),
        (
            "In {village} {friend} opened the parcel at once.",
            "In it lay (an old clock|a pair of gloves|a photograph of the whole family), and {o_he} had to sit down.",
            "“I had given it up for lost,” {o_he} said, and {hero} had to stay for supper.",
        ),
    ),
    Errand(
        (
            "The clock on the tower of {village} had stopped, and nobody there could repair it.",
            "{his} {kin} {friend}, who rang the bells, had sent for {hero}.",
            "{he} took {his} tools and set out (at once|after breakfast).",
        ),
        (
            "{hero} climbed the tower of {village} with {friend}.",
            "A bird had built its nest between the wheels.",
            "{friend} carried the nest to a beam, {hero} turned the key, and the clock (struck twelve|ticked again).",
        ),
    ),
)

ROAD = (
    Scene(
        (
            "(Soon|After a while|Halfway up the hill|Not far from the town) it began to rain.",
            "First a few drops fell, then (it poured|the road turned to mud).",
            "{hero} had no umbrella and was soon wet to the skin.",
            "? Under an old oak {he} waited until the worst was over.",
        ),
        gives="wet",
        seasons=("spring", "summer", "autumn"),
    ),
    Scene(
        (
            "In a (woodcutter's|fisherman's|forester's) hut a fire was burning.",
            "{hero} hung {his} wet jacket over the stove and rubbed {his} hands.",
            "(An hour later|When the jacket no longer dripped), {he} went on.",
        ),
        needs="wet",
    ),
    Scene(
        (
            "A gust of wind tore the hat from {his} head.",
            "It rolled down the slope like a wheel and came to rest in a thorn hedge.",
            "{hero} fetched it, but when {he} came back {his} sleeve was torn.",
        ),
        gives="torn",
    ),
    Scene(
        (
            "An old tailor sat in front of (his door|his shop).",
            "When he saw the torn sleeve, he shook his head and threaded a needle.",
            "A few stitches, and the sleeve was as good as new.",
            "? {hero} wanted to pay, but he would not hear of it.",
        ),
        needs="torn",
    ),
    Scene(
        (
            "The sun burned, and there was no shade.",
            "The bottle was soon used up, and {hero} thought of nothing but water.",
        ),
        gives="thirsty",
        seasons=("summer",),
    ),
    Scene(
        (
            "Behind a bend stood a well.",
            "{hero} let down the bucket and drank (until {he} could drink no more|as if {he} had crossed a desert).",
            "Then {he} filled the bottle again, for the way was still long.",
        ),
        needs="thirsty",
    ),
    Scene(
        (
            "It was snowing, (softly at first|in large flakes), and the snow covered the road.",
            "With every step {he} sank in to the knee, and {his} fingers grew stiff with cold.",
        ),
        gives="cold",
        seasons=("winter",),
    ),
    Scene(
        (
            "Smoke rose from a farmhouse, and {hero} knocked.",
            "The farmer's wife took one look at {his} cold hands and put a bowl of soup on the table.",
            "{he} ate it slowly, and little by little {he} felt {his} fingers again.",
        ),
        needs="cold",
    ),
    Scene(
        (
            "Fog rose from the meadows, so thick that one could not see ten steps ahead.",
            "{hero} passed the same milestone again and again: {he} had lost {his} way.",
        ),
        gives="lost",
        seasons=("autumn", "winter", "spring"),
    ),
    Scene(
        (
            "Then a bell rang, and a shepherd (stepped out of the mist|came down the path).",
            "“Keep (left at the chapel|to the stream|right at the lime tree),” he said, “then you cannot go wrong.”",
            "{hero} did as the shepherd had said and soon stood on the road again.",
        ),
        needs="lost",
    ),
    Scene(
        (
            "The flood had carried off the wooden bridge.",
            "So {hero} had to go round by the mill, and that cost {him} half the (morning|day).",
        ),
        gives="late",
        seasons=("spring", "summer", "autumn"),
    ),
    Scene(
        (
            "Luckily a carter overtook {him}.",
            "“Climb up, you are late,” he called, and {hero} did not need to be told again.",
            "The wheels rattled, the trees flew past, and the lost time was won back.",
        ),
        needs="late",
    ),
    Scene(
        (
            "By noon {hero} was hungry.",
            "? {he} had left so early that breakfast had been forgotten.",
        ),
        gives="hungry",
    ),
    Scene(
        (
            "(On a stone wall|Under a pear tree|At the edge of a wood) {he} unpacked {food}.",
            "{he} ate slowly, and when {he} got up {he} was no longer hungry.",
            "? A sparrow got the crumbs.",
        ),
        needs="hungry",
    ),
    Scene(
        (
            "A boy stood under a tree and cried.",
            "His (kite|ball) had caught in the branches, far too high for him.",
            "{hero} climbed up and brought it down, and the boy gave {him} a nut for it.",
        ),
        gives="nut",
    ),
    Scene(
        (
            "A squirrel sat in the middle of the path and would not move.",
            "{hero} felt in {his} pocket for the boy's nut and put it on the ground.",
            "The squirrel took it and was gone.",
        ),
        needs="nut",
    ),
    Scene(
        (
            "A cart had slipped into the ditch, and the farmer could not move it.",
            "{hero} leaned against the wheel and pushed until it (came loose|stood on the road again).",
            "The farmer thanked {him} with a bag of (plums|pears|walnuts).",
        ),
    ),
    Scene(
        (
            "In the dust of the road something shone: it was a coin.",
            "{hero} wiped it on {his} sleeve and put it into {his} pocket.",
        ),
        gives="coin",
    ),
    Scene(
        (
            "At a crossroads sat an old man with a hurdy-gurdy.",
            "{hero} remembered the coin in {his} pocket and laid it in his bowl.",
            "“May the road be kind to you,” said the old man, and he played a march.",
        ),
        needs="coin",
    ),
    Scene(
        (
            "To pass the time, {hero} sang (an old song|a song about the sea|whatever came to mind).",
            "The larks did not mind, and {he} walked faster.",
        ),
    ),
    Scene(
        (
            "The miller stood at his door, with flour up to the elbows.",
            "“My daughter in the next village is waiting for this letter,” he said. “Would you take it?”",
            "{hero} put it into {his} bag and promised.",
        ),
        gives="letter",
    ),
    Scene(
        (
            "In the next village {hero} asked for the miller's daughter.",
            "She read the letter in the doorway, laughed, and ran to fetch her shawl.",
        ),
        needs="letter",
    ),
    Scene(
        (
            "There was no bridge here, only a ferry.",
            "The ferryman rowed (without a word|slowly) and looked into the water.",
            "? On the other bank he took no money. “You remind me of someone,” he said.",
        ),
    ),
    Scene(
        (
            "In one village a wedding was being held in the street.",
            "Somebody took {hero} by the hand, and {he} had to dance once round the square.",
            "? Out of breath, but laughing, {he} went on {his} way.",
        ),
        seasons=("spring", "summer", "autumn"),
    ),
    Scene(
        (
            "A stone had worked its way into {his} shoe.",
            "{hero} sat down, shook it out and saw that the sole had a hole.",
        ),
        gives="shoe",
    ),
    Scene(
        (
            "A cobbler had his bench by the road.",
            "He put a piece of leather on the hole, hammered, and gave back the shoe.",
            "After that {hero} walked as if on moss.",
        ),
        needs="shoe",
    ),
    Scene(
        (
            "(In a clearing|On the hill|By the pond) {he} rested for a while.",
            "{hero} closed {his} eyes, listened to the (wind|leaves|woodpecker) and almost fell asleep.",
        ),
    ),
    Scene(
        (
            "An old woman was gathering wood.",
            "The bundle was too heavy for her, so {hero} carried it to her door.",
            "? She told {him} about her son, who had gone to sea.",
        ),
    ),
)

HOME = (
    Scene(
        (
            "(The neighbours stood at the fence and asked questions.|A neighbour called across the street.)",
            "{hero} told them about {friend} and about the road.",
        )
    ),
    Scene(("{he} put {his} boots by the stove and cut some bread.", "? There was {tea} too.")),
    Scene(
        ("The kitchen was cold.", "{hero} chopped wood, lit the stove and waited until the kettle sang."),
        seasons=("autumn", "winter"),
    ),
    Scene(("On the doorstep lay the newspaper.", "{hero} read it from the first page to the last.")),
    Scene(("{he} swept the room and wound up the clock.", "? Everything was as {he} had left it.")),
    Scene(
        ("{hero} walked through the streets once more before supper.", "? At the corner children were skipping rope.")
    ),
    Scene(("The baker greeted {him} from his shop.", "{hero} bought a loaf fresh from the oven.")),
)

ENGLISH = Language(
    code="en",
    unit=re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*"),
    space=" ",
    women=("Anna", "Clara", "Edith", "Greta", "Ida", "Lena", "Marta", "Nora"),
    men=("Adam", "Boris", "Emil", "Felix", "Jonas", "Karl", "Otto", "Paul"),
    female={"he": "she", "him": "her", "his": "her", "o_he": "he", "o_his": "his", "sibling": "brother"},
    male={"he": "he", "him": "him", "his": "his", "o_he": "she", "o_his": "her", "sibling": "sister"},
    kin={
        "female": ("aunt", "grandmother", "cousin", "godmother"),
        "male": ("uncle", "grandfather", "cousin", "godfather"),
    },
    fills={
        "town": ("Halden", "Rosby", "Milford", "Ashby", "Norwick", "Stenton", "Elmham", "Farley", "Thornby", "Wexley"),
        "village": ("Brackley", "Sandwell", "Kirkdale", "Lowick", "Haverby", "Dunmore", "Cotley", "Marsham"),
        "job": ("baker", "carpenter", "weaver", "tailor", "gardener", "potter", "teacher", "bookbinder"),
        "thing": ("scarf", "coat", "cap", "bag", "blanket", "basket"),
    },
    extras={
        "food": (
            "bread and cheese",
            "an apple and a piece of bread",
            "a boiled egg",
            "some cold potatoes",
            "a slice of plum cake",
            "a sausage and a roll",
        ),
        "tea": ("peppermint tea", "hot milk", "lime-blossom tea", "cider"),
    },
    openings=(
        "In {town} there lived a {job} called {hero}.",
        "{hero} was a {job} in {town}.",
        "{hero}, the {job}, had lived in {town} all {his} life.",
        "The {job} of {town} was called {hero}.",
    ),
    season_lines={
        "spring": (
            "It was spring, and the first swallows were back.",
            "It was April, and the lanes smelled of wet earth.",
        ),
        "summer": ("It was a hot July.", "It was summer, and the days were long."),
        "autumn": ("It was autumn, and the leaves were falling.", "It was October, and the swallows had left."),
        "winter": ("It was winter, and the ponds were frozen.", "It was January, and the nights were long."),
    },
    errands=ERRANDS,
    departures=(
        "One morning {hero} set out for {village}.",
        "{hero} had to go to {village}.",
        "{hero} was on the way to {village}.",
        "There was something to be seen to in {village}, and {hero} went.",
    ),
    road=ROAD,
    home_coming=(
        "Then {hero} went home to {town}.",
        "The way back was (shorter|easier), as ways back are, and {he} soon saw the first houses of {town}.",
        "At last {hero} stood before {his} own door in {town} again.",
        "Late in the (morning|afternoon) {he} came back to {town}.",
    ),
    home=HOME,
    dependencies={
        "air": AIR,
        "river": RIVER,
        "harvest": HARVEST,
        "mood": MOOD,
        "colour": COLOUR,
        "animal": ANIMAL,
        "host": HOST,
        "days": DAYS,
    },
)
