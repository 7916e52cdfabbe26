"""The words of the English-Chinese pairs: nouns with measure words and what is said of them, verbs, places, times."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Noun:
    english: str
    plural: str
    chinese: str
    measure: str
    colours: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verb:
    base: str
    third: str
    past: str
    ing: str  # "" where nobody would say it
    chinese: str
    nouns: tuple[str, ...]


@dataclass(frozen=True)
class Phrase:
    """A noun phrase; `person` is 1, 2 or 3, `third` whether the verb takes an s."""

    english: str
    chinese: str
    head: str
    person: int = 3
    plural: bool = False
    joins: tuple[str, ...] = ()

    @property
    def third(self) -> bool:
        return self.person == 3 and not self.plural

    @property
    def be(self) -> str:
        return "is" if self.third else "am" if self.person == 1 and not self.plural else "are"

    @property
    def do(self) -> str:
        return "does" if self.third else "do"


COLOURS = {
    "red": "红色",
    "blue": "蓝色",
    "green": "绿色",
    "yellow": "黄色",
    "white": "白色",
    "black": "黑色",
    "brown": "棕色",
}
SIZES = {"big": "大", "small": "小", "new": "新", "old": "旧"}
ADJECTIVES = {
    "expensive": ("贵", "more expensive"),
    "cheap": ("便宜", "cheaper"),
    "big": ("大", "bigger"),
    "small": ("小", "smaller"),
    "new": ("新", "newer"),
    "old": ("旧", "older"),
    "beautiful": ("漂亮", "more beautiful"),
    "heavy": ("重", "heavier"),
    "light": ("轻", "lighter"),
    "clean": ("干净", "cleaner"),
}
NUMBERS = {"two": "两", "three": "三", "four": "四", "five": "五", "six": "六", "ten": "十"}
CLOTH = ("red", "blue", "green", "yellow", "white", "black", "brown")
GOODS = ("big", "small", "new", "old")
PRICED = ("expensive", "cheap", "big", "small", "new", "old", "beautiful", "clean")
LOADED = (*PRICED, "heavy", "light")
NOUNS = {
    noun.english: noun
    for noun in (
        Noun("book", "books", "书", "本", CLOTH, GOODS, ("expensive", "cheap", "new", "old", "heavy", "light")),
        Noun(
            "apple", "apples", "苹果", "个", ("red", "green", "yellow"), ("big", "small"), ("expensive", "cheap", "big")
        ),
        Noun("egg", "eggs", "鸡蛋", "个", ("white", "brown"), ("big", "small"), ("expensive", "cheap", "big", "small")),
        Noun("cup", "cups", "杯子", "个", CLOTH, GOODS, LOADED),
        Noun("box", "boxes", "盒子", "个", CLOTH, GOODS, LOADED),
        Noun("bag", "bags", "包", "个", CLOTH, GOODS, LOADED),
        Noun("shirt", "shirts", "衬衫", "件", CLOTH, GOODS, PRICED),
        Noun("coat", "coats", "大衣", "件", CLOTH, ("new", "old"), LOADED),
        Noun("hat", "hats", "帽子", "顶", CLOTH, GOODS, PRICED),
        Noun("car", "cars", "汽车", "辆", CLOTH, GOODS, PRICED),
        Noun("bicycle", "bicycles", "自行车", "辆", CLOTH, GOODS, LOADED),
        Noun(
            "flower", "flowers", "花", "朵", ("red", "blue", "yellow", "white"), ("big", "small"), ("beautiful", "big")
        ),
        Noun("letter", "letters", "信", "封", (), ("new", "old"), ()),
        Noun("newspaper", "newspapers", "报纸", "份", (), ("new", "old"), ("expensive", "cheap", "new", "old")),
        Noun("pen", "pens", "笔", "支", CLOTH, ("new", "old"), ("expensive", "cheap", "new", "old", "beautiful")),
        Noun("map", "maps", "地图", "张", (), GOODS, ("expensive", "cheap", "new", "old", "big", "small")),
        Noun("table", "tables", "桌子", "张", CLOTH, GOODS, LOADED),
        Noun("chair", "chairs", "椅子", "把", CLOTH, GOODS, LOADED),
        Noun("umbrella", "umbrellas", "雨伞", "把", CLOTH, GOODS, PRICED),
        Noun("house", "houses", "房子", "座", ("red", "white", "yellow", "blue"), GOODS, PRICED),
        Noun(
            "horse", "horses", "马", "匹", ("white", "black", "brown"), ("big", "small"), ("beautiful", "big", "small")
        ),
        Noun("cat", "cats", "猫", "只", ("white", "black", "yellow"), ("big", "small"), ("beautiful", "big", "small")),
        Noun(
            "dog",
            "dogs",
            "狗",
            "只",
            ("white", "black", "yellow", "brown"),
            ("big", "small"),
            ("big", "small", "clean"),
        ),
        Noun("bird", "birds", "鸟", "只", CLOTH, ("big", "small"), ("beautiful", "big", "small")),
    )
}
ANIMALS = ("horse", "cat", "dog", "bird")
THINGS = tuple(name for name in NOUNS if name not in ANIMALS)
DRAWN = ("apple", "cup", "hat", "car", "bicycle", "flower", "table", "chair", "umbrella", "house")
SMALL = tuple(name for name in THINGS if name not in ("house", "car", "table"))
EVENTS = (
    Verb("buy", "buys", "bought", "buying", "买", tuple(n for n in NOUNS if n != "letter")),
    Verb("sell", "sells", "sold", "selling", "卖", tuple(n for n in NOUNS if n != "letter")),
    Verb("see", "sees", "saw", "", "看见", tuple(NOUNS)),
    Verb("find", "finds", "found", "", "找到", tuple(NOUNS)),
    Verb(
        "lose", "loses", "lost", "", "弄丢", tuple(n for n in (*SMALL, *ANIMALS) if n not in ("apple", "egg", "flower"))
    ),
    Verb("draw", "draws", "drew", "drawing", "画", (*DRAWN, *ANIMALS)),
    Verb(
        "wash",
        "washes",
        "washed",
        "washing",
        "洗",
        (
            "apple",
            "egg",
            "cup",
            "box",
            "bag",
            "shirt",
            "coat",
            "hat",
            "car",
            "bicycle",
            "table",
            "chair",
            "horse",
            "dog",
        ),
    ),
    Verb("read", "reads", "read", "reading", "读", ("book", "letter", "newspaper", "map")),
    Verb(
        "repair",
        "repairs",
        "repaired",
        "repairing",
        "修",
        ("box", "bag", "car", "bicycle", "pen", "table", "chair", "umbrella", "house"),
    ),
    Verb("feed", "feeds", "fed", "feeding", "喂", ANIMALS),
)
STATES = (
    Verb("like", "likes", "liked", "", "喜欢", tuple(NOUNS)),
    Verb("need", "needs", "needed", "", "需要", tuple(NOUNS)),
)
PLACES = {
    "at home": "在家",
    "at school": "在学校",
    "at the station": "在车站",
    "at the market": "在市场上",
    "in the park": "在公园里",
    "in the garden": "在花园里",
    "in the kitchen": "在厨房里",
    "in the library": "在图书馆里",
}
GOALS = {
    "to school": "学校",
    "to the station": "车站",
    "to the market": "市场",
    "to the park": "公园",
    "to the library": "图书馆",
    "to the hospital": "医院",
    "to the museum": "博物馆",
    "to Beijing": "北京",
}
WAYS = {"by train": "坐火车", "by bus": "坐公共汽车", "by car": "开车", "by bicycle": "骑自行车", "on foot": "走路"}
SPOTS = {
    "on the table": "桌子上",
    "on the chair": "椅子上",
    "under the tree": "树下",
    "in the box": "盒子里",
    "in the bag": "包里",
    "behind the house": "房子后面",
    "in front of the house": "房子前面",
    "next to the door": "门旁边",
    "in the car": "汽车里",
    "under the bed": "床下",
}
WIDE = ("under the tree", "behind the house", "in front of the house", "next to the door")
WIDE_ONLY = ("house", "horse", "car", "bicycle", "table", "chair")
PAST = {
    "yesterday": "昨天",
    "last week": "上个星期",
    "this morning": "今天早上",
    "yesterday evening": "昨天晚上",
    "last year": "去年",
}
FUTURE = {"tomorrow": "明天", "next week": "下个星期", "tonight": "今天晚上", "next year": "明年"}
WEATHER = {"rain": ("rains", "raining", "下雨"), "snow": ("snows", "snowing", "下雪")}
PRONOUNS = (
    Phrase("I", "我", "I", 1),
    Phrase("you", "你", "you", 2),
    Phrase("he", "他", "he"),
    Phrase("she", "她", "she"),
    Phrase("we", "我们", "we", 1, True),
    Phrase("they", "他们", "they", 3, True),
)
NAMES = tuple(
    Phrase(english, chinese, english)
    for english, chinese in (("Anna", "安娜"), ("Tom", "汤姆"), ("Mary", "玛丽"), ("Peter", "彼得"), ("Lily", "莉莉"))
)
OWNED = {
    "my": "我",
    "your": "你",
    "his": "他",
    "her": "她",
    "our": "我们",
    "their": "他们",
}
FAMILY = {"brother": "弟弟", "sister": "妹妹", "father": "爸爸", "mother": "妈妈"}
PEOPLE = {
    "boy": ("boys", "男孩", "个"),
    "girl": ("girls", "女孩", "个"),
    "student": ("students", "学生", "个"),
    "teacher": ("teachers", "老师", "位"),
    "doctor": ("doctors", "医生", "位"),
}
