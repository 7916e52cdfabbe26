"""What the Chinese stories are made of."""

from __future__ import annotations

import re

from sample_data.stories import Dependency, Errand, Language, Scene

AIR = Dependency(
    causes={
        "灰": ("钢铁厂", "水泥厂", "砖窑", "煤矿", "化工厂", "炼铜厂", "造纸厂", "火电站"),
        "蓝": ("苹果园", "葡萄园", "花田", "茶园", "松林", "草药园", "大草场", "桃园"),
    },
    cause_lines=(
        "{town}的人大多在{cause}干活。",
        "{town}出名的是那里的{cause}。",
        "{town}的四周都是{cause}。",
        "镇子外面就是{cause}。",
        "从{hero}的窗口望出去，能看见{cause}。",
        "在{town}，差不多家家都靠着{cause}。",
        "走过{town}最后一排房子，就到了{cause}。",
    ),
    answer_lines=(
        "镇上的天空很{answer}。",
        "天空很{answer}。",
        "那里的天空很{answer}。",
        "{town}的天空很{answer}，大家早就习惯了。",
        "屋顶上面，天空很{answer}。",
        "和往常一样，{town}的天空很{answer}。",
        "{he}抬起头，天空很{answer}。",
        "{hero}推开窗户，外面的天空很{answer}。",
    ),
)

RIVER = Dependency(
    causes={
        "浑": ("皮革厂", "染坊", "采石场", "屠宰场", "洗煤厂", "养猪场"),
        "清": ("山泉", "雪山", "老林子", "深湖", "大峡谷", "冰川"),
    },
    cause_lines=(
        "河的上游有{cause}。",
        "流过{town}的河，上游是{cause}。",
        "沿着河往上走半天，就是{cause}。",
        "河水流到{town}以前，先经过{cause}。",
    ),
    answer_lines=(
        "镇上的河水很{answer}。",
        "河水很{answer}。",
        "{town}桥下的河水很{answer}。",
        "{hero}到河边打水，河水很{answer}。",
        "桥下的河水很{answer}，孩子们往里面扔石子。",
        "孩子们在河边钓鱼，不过河水很{answer}。",
    ),
)

HARVEST = Dependency(
    causes={
        "歉": ("太旱", "太冷", "老刮大风", "一直下冰雹", "没下过一场雨"),
        "丰": ("很暖和", "雨水正好", "风调雨顺", "阳光充足", "不冷也不热"),
    },
    cause_lines=(
        "今年春天{cause}。",
        "老农都说，这个春天{cause}。",
        "从三月到五月，{cause}。",
        "大家都记得，春天的时候{cause}。",
    ),
    answer_lines=(
        "这一年是个{answer}年。",
        "今年是{answer}年。",
        "秋收完了，{town}的人都说今年是{answer}年。",
        "农民打开粮仓一看：是个{answer}年。",
        "谁都知道，今年是{answer}年。",
    ),
    season="autumn",
)

MOOD = Dependency(
    causes={
        "难过": ("病了", "失踪了", "坐牢了", "受了重伤", "快不行了"),
        "高兴": ("病好了", "平安无事", "要回家了", "放出来了", "得救了"),
    },
    cause_lines=(
        "早上来了一封信，说{his}{sibling}{cause}。",
        "吃早饭以前，{hero}听说{his}{sibling}{cause}。",
        "邻居们都在说，{hero}的{sibling}{cause}。",
        "一封电报告诉{hero}，{his}{sibling}{cause}。",
    ),
    answer_lines=(
        "一整天，{hero}都很{answer}。",
        "{hero}很{answer}。",
        "谁看到{hero}，都知道{he}很{answer}。",
        "那天夜里{he}很久没有睡着，因为{he}很{answer}。",
        "{he}话不多，可是大家都看得出来，{he}很{answer}。",
    ),
)

COLOURS = ("红", "绿", "黄", "白", "黑")
COLOUR = Dependency(
    causes={colour: (colour,) for colour in COLOURS},
    cause_lines=(
        "出门前，邻居送给{him}一{measure}{cause}{thing}。",
        "{he}在集市上买过一{measure}{cause}{thing}。",
        "{he}有一{measure}{cause}{thing}。",
        "奶奶给{him}做了一{measure}{thing}，是{cause}色的。",
    ),
    answer_lines=(
        "{hero}带上了那{measure}{answer}{thing}。",
        "{he}看了看那{measure}{answer}{thing}。",
        "远远地，大家就凭着那{measure}{answer}{thing}认出了{hero}。",
        "路边有个小姑娘指着{his}{answer}{thing}。",
        "{hero}坐下来，把那{measure}{answer}{thing}放在身边。",
    ),
    leaving=True,
    on_road=True,
)

ANIMALS = ("狗", "羊", "驴", "牛")
ANIMAL = Dependency(
    causes={animal: (animal,) for animal in ANIMALS},
    cause_lines=(
        "{hero}不是一个人走的，跟着{him}的还有{his}{cause}。",
        "{he}带上了家里的{cause}。",
        "{he}身边跟着一只小{cause}。",
        "{he}有个伴儿，就是{his}老{cause}。",
    ),
    answer_lines=(
        "{hero}跟{answer}说话。",
        "{he}给{answer}喝了点水。",
        "{he}喂了{answer}。",
        "累了一天，{hero}和{answer}一起躺在草堆上。",
        "{he}吹了一声口哨，{answer}马上就来了。",
    ),
    leaving=True,
    on_road=True,
)

HOSTS = ("老周", "老吴", "老郑", "老孙", "老钱", "老何")
HOST = Dependency(
    causes={host: (host,) for host in HOSTS},
    cause_lines=(
        "{he}打算在一家旅店过夜，店主叫{cause}。",
        "路上第一家旅店的主人是{cause}。",
        "在路上，第一个跟{him}打招呼的是旅店的{cause}。",
        "在头一个村子里请{him}吃早饭的，是旅店的{cause}。",
    ),
    answer_lines=(
        "{he}很感谢旅店的{answer}。",
        "{he}常常想起{answer}。",
        "回家以后，{he}跟大家说起了旅店的{answer}。",
        "有一个人{he}没有忘记，就是旅店的{answer}。",
        "晚上，{he}写了一张明信片给{answer}。",
    ),
    leaving=True,
)

DAYS = Dependency(
    causes={number: (number,) for number in ("两天", "三天", "四天", "五天", "六天")},
    cause_lines=(
        "{he}说好了，要去{cause}。",
        "“我要出门{cause}。”{he}对邻居说。",
        "{he}请邻居帮忙浇{cause}的花。",
        "{he}带的干粮够吃{cause}。",
    ),
    answer_lines=(
        "{he}正好去了{answer}。",
        "到头来，{he}一共走了{answer}。",
        "{hero}说话算数：真的是{answer}。",
        "{he}出门出了{answer}。",
        "这一趟路走了{answer}。",
    ),
    leaving=True,
)

ERRANDS = (
    Errand(
        (
            "{hero}的{kin}{friend}住在{village}，(咳嗽咳了一个星期|在床上躺了一个星期)。",
            "{hero}装好(一罐蜂蜜|一瓶糖浆|一包草药)，(一大早|太阳刚出来|天刚亮)就出发了。",
        ),
        (
            "{hero}走进{village}的那间屋子，{friend}还躺在床上。",
            "{he}煮了一锅汤，打开窗户，一直等到{friend}睡着。",
            "第二天早上，{friend}不怎么咳嗽了，(可以下床了|脸上又有了笑容)。",
        ),
    ),
    Errand(
        (
            "住在{village}的{kin}{friend}要过生日了。",
            "{hero}烤了一个蛋糕，用纸包好，(就出发了|就上路了|往{village}走去)。",
            "? 纸是新的，{he}拿在手里像拿着玻璃一样小心。",
        ),
        (
            "{village}那边桌子已经摆好了。",
            "{friend}把蛋糕切开，(每个人都分到一块|一会儿就吃得干干净净)。",
            "? 然后{o_he}拿出二胡，大家一直唱到半夜。",
        ),
    ),
    Errand(
        (
            "{kin}{friend}要在{village}搬新家，需要人帮忙。",
            "于是{hero}关了店门，系好鞋带，(天一亮|一大早|马上)就出发了。",
        ),
        (
            "{village}的街上，箱子堆得比人还要高。",
            "{hero}把椅子搬上楼，{friend}拿着灯。",
            "到了晚上，东西都放好了，{o_he}累得没脱鞋就睡着了。",
        ),
    ),
    Errand(
        (
            "一场大风掀掉了{village}{kin}{friend}家的屋顶。",
            "{hero}拿上锤子和一袋钉子，(去帮忙|去修屋顶)。",
        ),
        (
            "{village}那间房子比{hero}想的还要糟。",
            "{he}把木板一块一块钉上去，{friend}在下面递钉子。",
            "星星出来的时候，屋顶修好了，{friend}给两个人倒了{tea}。",
        ),
    ),
    Errand(
        (
            "{village}有集市，{hero}想去卖(几个陶罐|几只竹筐|一些木勺|几双毛袜)。",
            "{he}把东西装进口袋，(太阳没出来就走了|比谁都早就上了路)。",
            "? {he}想：“要是卖得好，我就买一把新锯子。”",
        ),
        (
            "{village}的集市上人很多。",
            "{hero}在地上铺了一块布，大声叫卖。",
            "(到了中午，东西都卖完了，赚的钱够买一把锯子。|可是没有多少人买。)",
            "回家以前，{hero}去看了看住在附近的{kin}{friend}。",
        ),
    ),
    Errand(
        (
            "有个包裹送错了门：那是寄给{village}的{kin}{friend}的。",
            "“我自己送过去吧。”{hero}说着，(穿上了鞋|锁上了门)。",
        ),
        (
            "{friend}在{village}马上打开了包裹。",
            "里面是(一只旧钟|一双手套|一张全家的照片)，{o_he}看得坐了下来。",
            "“我还以为早就丢了。”{o_he}说，一定要留{hero}吃晚饭。",
        ),
    ),
    Errand(
        (
            "{village}钟楼上的钟停了，那里没有人会修。",
            "管敲钟的{kin}{friend}叫人来请{hero}。",
            "{he}带上工具，(马上就出发了|吃完早饭就出发了)。",
        ),
        (
            "{hero}跟着{friend}爬上{village}的钟楼。",
            "原来有一只鸟在齿轮中间做了窝。",
            "{friend}把鸟窝搬到梁上，{hero}转了转钥匙，钟又(响了|走了起来)。",
        ),
    ),
)

ROAD = (
    Scene(
        (
            "(不久|过了一会儿|走到半山腰|出镇子没多远)，下起雨来了。",
            "先是几滴，后来(雨越下越大|路上全是泥)。",
            "{hero}没有带伞，一会儿就全身湿透了。",
            "? {he}躲在一棵老树下面，等雨小一点。",
        ),
        gives="wet",
        seasons=("spring", "summer", "autumn"),
    ),
    Scene(
        (
            "在一间(樵夫|渔夫|守林人)的小屋里，炉火烧得正旺。",
            "{hero}把湿衣服挂在炉子上，搓了搓手。",
            "(一个小时以后|等衣服干了)，{he}又上路了。",
        ),
        needs="wet",
    ),
    Scene(
        (
            "一阵风把{his}帽子吹走了。",
            "帽子像轮子一样滚下山坡，挂在刺丛里。",
            "{hero}把帽子拿了回来，可是袖子被刺划破了。",
        ),
        gives="torn",
    ),
    Scene(
        (
            "一个老裁缝坐在(自己门口|店门口)。",
            "他看见破了的袖子，摇了摇头，就穿起针来。",
            "缝了几针，袖子跟新的一样。",
            "? {hero}要给钱，老裁缝怎么也不肯收。",
        ),
        needs="torn",
    ),
    Scene(
        ("太阳很晒，一点树荫也没有。", "瓶子里的水很快喝完了，{hero}心里只想着水。"),
        gives="thirsty",
        seasons=("summer",),
    ),
    Scene(
        (
            "转过一个弯，路边有一口井。",
            "{hero}放下水桶，(一直喝到再也喝不下|像刚走出沙漠一样喝了起来)。",
            "然后{he}又把瓶子装好水，因为路还很长。",
        ),
        needs="thirsty",
    ),
    Scene(
        (
            "下雪了，(先是小雪|雪片很大)，雪盖住了路。",
            "每走一步，雪都没到膝盖，{his}手指冻僵了。",
        ),
        gives="cold",
        seasons=("winter",),
    ),
    Scene(
        (
            "有一户农家的烟囱在冒烟，{hero}就去敲门。",
            "农妇看了一眼{his}手，就端来一碗热汤。",
            "{he}慢慢地喝，手指一点一点暖和过来。",
        ),
        needs="cold",
    ),
    Scene(
        (
            "草地上起了雾，十步以外什么也看不见。",
            "{hero}一次又一次走过同一块路碑：{he}迷路了。",
        ),
        gives="lost",
        seasons=("autumn", "winter", "spring"),
    ),
    Scene(
        (
            "这时候响起一阵铃声，一个樵夫(从雾里走了出来|顺着小路走了下来)。",
            "樵夫说：“(到了小庙往左拐|一直沿着小溪走|到了老榕树往右拐)，就不会错了。”",
            "{hero}照着樵夫的话走，很快又回到了大路上。",
        ),
        needs="lost",
    ),
    Scene(
        (
            "大水冲走了木桥。",
            "{hero}只好从磨坊那边绕过去，多花了(半个上午|半天)。",
        ),
        gives="late",
        seasons=("spring", "summer", "autumn"),
    ),
    Scene(
        (
            "幸好后面来了一辆大车。",
            "“快上来吧，别迟到了。”车夫喊道，{hero}马上跳了上去。",
            "车轮滚滚，路边的树飞快地往后退，时间又赶了回来。",
        ),
        needs="late",
    ),
    Scene(
        ("到了中午，{hero}肚子饿了。", "? {he}走得太早，忘了吃早饭。"),
        gives="hungry",
    ),
    Scene(
        (
            "(在石墙上|在梨树下|在树林边上)，{he}拿出{food}。",
            "{he}慢慢地吃，站起来的时候，肚子已经不饿了。",
            "? 剩下的一点渣子给了麻雀。",
        ),
        needs="hungry",
    ),
    Scene(
        (
            "有个男孩站在树下哭。",
            "他的(风筝|皮球)挂在树枝上，他够不着。",
            "{hero}爬上树取了下来，男孩送给{him}一颗核桃。",
        ),
        gives="nut",
    ),
    Scene(
        (
            "一只松鼠坐在路中间，怎么也不肯走。",
            "{hero}从口袋里摸出男孩给的核桃，放在地上。",
            "松鼠拿了核桃，一下子就不见了。",
        ),
        needs="nut",
    ),
    Scene(
        (
            "一辆大车滑进了沟里，农夫怎么也拉不出来。",
            "{hero}用肩膀顶住车轮，使劲推，(车子终于动了|车子又回到了路上)。",
            "农夫送给{him}一袋(李子|梨子|枣子)。",
        ),
    ),
    Scene(
        ("路上有什么东西在发光：原来是一枚硬币。", "{hero}在袖子上擦了擦，放进口袋里。"),
        gives="coin",
    ),
    Scene(
        (
            "十字路口坐着一个拉胡琴的老人。",
            "{hero}想起口袋里的硬币，就放进了老人的碗里。",
            "“祝你一路平安。”老人说完，拉了一首曲子。",
        ),
        needs="coin",
    ),
    Scene(
        (
            "{hero}一边走一边唱(一首老歌|大海的歌|自己编的歌)。",
            "小鸟听了也不怕，{he}越走越快。",
        )
    ),
    Scene(
        (
            "磨坊主人站在门口，手上全是面粉。",
            "“我女儿在下一个村子等这封信，”他说，“你能帮我带去吗？”",
            "{hero}把信放进包里，答应了。",
        ),
        gives="letter",
    ),
    Scene(
        ("到了下一个村子，{hero}打听磨坊主人的女儿。", "姑娘站在门口看完信，笑了，跑回屋里去拿围巾。"),
        needs="letter",
    ),
    Scene(
        (
            "这里没有桥，只有渡船。",
            "船夫(一句话也不说|慢慢地划着)，眼睛看着水面。",
            "? 到了对岸，船夫不肯收钱，说：“你让我想起一个人。”",
        )
    ),
    Scene(
        (
            "有个村子正在街上办喜事。",
            "有人拉住{hero}的手，{he}也跟着跳了一圈舞。",
            "? {he}喘着气，笑着，又上路了。",
        ),
        seasons=("spring", "summer", "autumn"),
    ),
    Scene(
        ("有一颗石子跑进了{his}鞋里。", "{hero}坐下来倒石子，才看见鞋底破了一个洞。"),
        gives="shoe",
    ),
    Scene(
        (
            "路边有个鞋匠摆着摊。",
            "鞋匠在洞上补了一块皮子，敲了几下，把鞋还给了{hero}。",
            "从那以后，{he}走起路来像踩在棉花上一样。",
        ),
        needs="shoe",
    ),
    Scene(
        (
            "(在林子里|在山坡上|在池塘边)，{he}歇了一会儿。",
            "{hero}闭上眼睛，听着(风声|树叶的声音|啄木鸟的声音)，差一点睡着了。",
        )
    ),
    Scene(
        (
            "一位老奶奶在捡柴。",
            "柴太重了，{hero}就帮着背到了家门口。",
            "? 老奶奶说起自己的儿子，他出海去了。",
        )
    ),
)

HOME = (
    Scene(("(邻居们站在篱笆旁边问这问那。|邻居在街对面喊了一声。)", "{hero}讲了讲{friend}，又讲了讲路上的事。")),
    Scene(("{he}把鞋放在炉子旁边，切了几片面包。", "? 还有{tea}。")),
    Scene(("厨房里很冷。", "{hero}劈了柴，点上炉子，等着水壶唱起歌来。"), seasons=("autumn", "winter")),
    Scene(("门口放着一份报纸。", "{hero}从第一页看到最后一页。")),
    Scene(("{he}扫了扫地，给钟上了弦。", "? 屋子里和走的时候一样。")),
    Scene(("吃晚饭以前，{hero}又到街上走了走。", "? 街角有几个孩子在跳绳。")),
    Scene(("面包师傅从店里跟{him}打招呼。", "{hero}买了一个还热着的面包。")),
)

MEASURES = {
    "围巾": "条",
    "大衣": "件",
    "帽子": "顶",
    "书包": "只",
    "毯子": "条",
    "手套": "双",
}  # things with their measure words

CHINESE = Language(
    code="zh",
    unit=re.compile(r"[\u4e00-\u9fff]"),
    space="",
    women=("王芳", "李梅", "张兰", "陈静", "刘燕", "赵敏", "杨雪", "许琴"),
    men=("王强", "李军", "张伟", "陈刚", "刘洋", "赵勇", "杨帆", "许林"),
    female={"he": "她", "him": "她", "his": "她的", "o_he": "他", "sibling": "弟弟"},
    male={"he": "他", "him": "他", "his": "他的", "o_he": "她", "sibling": "妹妹"},
    kin={"female": ("姑姑", "姨妈", "表姐"), "male": ("舅舅", "叔叔", "表哥")},
    fills={
        "town": ("石桥镇", "柳溪镇", "云岭镇", "双河镇", "枫林镇", "平安镇", "长湖镇", "南塘镇", "东关镇", "古城镇"),
        "village": ("杨家村", "上坡村", "小溪村", "东岭村", "上河村", "竹园村", "大树村", "西沟村"),
        "job": ("面包师傅", "木匠", "织布工", "裁缝", "园丁", "陶匠", "老师", "钟表匠"),
        "thing": tuple(MEASURES),
    },
    extras={
        "food": ("馒头和咸菜", "一个苹果和一块饼", "一个煮鸡蛋", "几个冷土豆", "一块枣糕", "一根香肠和一个烧饼"),
        "tea": ("薄荷茶", "热豆浆", "菊花茶", "米酒"),
    },
    openings=(
        "{town}住着一个{job}，名字叫{hero}。",
        "{hero}是{town}的{job}。",
        "{job}{hero}一直住在{town}。",
        "{town}的{job}叫{hero}。",
    ),
    season_lines={
        "spring": ("那是春天，燕子刚刚飞回来。", "四月里，小路上有一股泥土的香味。"),
        "summer": ("那是七月，天气很热。", "那是夏天，太阳下山很晚。"),
        "autumn": ("那是秋天，树叶正在落下来。", "十月里，燕子都飞走了。"),
        "winter": ("那是冬天，池塘都结了冰。", "一月里，夜很长。"),
    },
    errands=ERRANDS,
    departures=(
        "一天早上，{hero}出发去{village}。",
        "{hero}要到{village}去。",
        "{hero}走在去{village}的路上。",
        "{village}有点事要办，{hero}就去了。",
    ),
    road=ROAD,
    home_coming=(
        "后来{hero}回到了{town}。",
        "回来的路总是(短一些|好走一些)，{he}很快就看见了{town}的房子。",
        "{hero}终于又站在{town}自己的家门口了。",
        "快到(中午|傍晚)的时候，{he}回到了{town}。",
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
    measures=MEASURES,
)
