"""What the names of columns say, in many languages."""

from __future__ import annotations

import re
from functools import cache

from seqcli.series.names import fold


def word_set(text: str) -> frozenset[str]:
    """The words of a text, folded."""
    return frozenset(fold(word) for word in text.split())


TIME = word_set(
    "ds date dates datetime timestamp time times period month months day days week weeks quarter "
    "quarters year years yr yyyymm yyyymmdd index t step dt hour minute second moment elapsed seconds secs sec "
    "invoicedate orderdate startdate datum zeit zeitpunkt zeitstempel monat jahr woche tag quartal stunde fecha mes "
    "año ano dia día semana hora periodo data mese anno mois année annee jour semaine heure période "
    "periode trimestre trimestru dag maand jaar tijd år aar måned månad vecka dato päivä kuukausi vuosi "
    "kuupäev datums data miesiąc rok miesiac tydzień czas měsíc mesic týden rok den čas дата время "
    "месяц год день неделя квартал період місяць рік 日期 时间 時間 年份 年月 月份 年度 年 月 日 周 "
    "日付 年月日 季度 날짜 시간 연도 월 일 ay yıl yil tarih gün hafta tháng năm ngày bulan tahun "
    "tanggal imerominia ημερομηνία ἔτος вр quarterly monthly yearly mtu utc cet season fy tidspunkt "
    "perioden datenum mjd jd zeitraum okres época periodos időszak 期間 기간 일자 기준일 период "
    "ימים תאריך التاريخ तिथि दिनांक วันที่ เดือน ปี tidsperiode tid filetime ticks"
)
DATES = word_set(
    "ds date dates datetime timestamp month week quarter yyyymm yyyymmdd yearmonth datum data fecha monat woche "
    "quartal mes semana trimestre mois semaine maand kwartaal måned kvartal miesiąc дата месяц квартал 日期 年月 日付"
)
YEAR = word_set(
    "ejercicio exercice exercício esercizio "
    "year yr yyyy jahr année annee an año ano anno jaar år rok год 年 年份 연도 yıl tahun năm fy jahre years vuosi"
)
MONTH = word_set(
    "month mon mm monat mois mes mese mês maand måned månad miesiąc měsíc месяц 月 月份 월 ay bulan tháng mo months "
    "kuukausi kk mjesec mesec mėnuo kuu hónap μήνας"
)
DAY = word_set("day dd dy dom tag jour dia día giorno dag dzień den день 日 일 gün hari ngày mday päivä pv päev nap")
DAY_OF_YEAR = word_set("doy yday dayofyear jday julianday")
WEEK = word_set(
    "week wk kw cw woche semaine semana settimana vecka uke tydzień týden неделя 周 週 주 hafta weeknum weekno"
)
HALF = word_set("half halfyear semester semestre halbjahr hj félév półrocze полугодие")
DEKAD = word_set("dekad decad dekade décade decade 旬")
QUARTER = word_set("season seas quarter qtr q quartal trimestre trim kvartal kwartał квартал 季度 四半期 분기")
HOUR = word_set("hour hr hrs h he hh stunde heure hora ora uur time godzina godz час 時 时 小时 시 hourending hours")
MINUTE = word_set("minute min minutes mm minuto minuta")
PERIOD = word_set("period periode per prd 時刻コード")
STARTS = word_set("starting start starts begin beginning commencing wc from ab von beginn debut desde")
ENDS = word_set("ending end ends ended we to bis ende fin hasta")
_SOLD = word_set(  # what is counted or paid
    "sales sale demand quantity qty units unit count amount revenue turnover orders visits calls clicks sessions "
    "klicks clics traffic ridership visitors downloads transactions tickets gross net requests cases passengers "
    "births sold takings total umsatz absatz menge verkauf verkäufe anzahl betrag ventes quantité montant ventas "
    "cantidad importe importo bedrag belopp beløp kwota tutar částka installs vendite vendas quantidade продажи "
    "количество сумма 销量 销售额 数量 金额 売上 売上高 매출 판매량 trips arrivals deaths impressions "
    "engagements"
)
TARGETS = (
    word_set("y target value values cnt ist actual actuals observed wert valor valeur 值"),
    word_set("sales revenue turnover umsatz verkäufe ventes ventas vendite vendas продажи 销售额 売上 売上高 매출"),
    _SOLD
    | word_set(
        "users consumption load production quantità valor försäljning salg sprzedaż tržby pageviews views "
        "consommation verbrauch"
    ),
    word_set(
        "close zuletzt schlusskurs zamkniecie cierre chiusura cloture dernier ultimo último 收盘 收盘价 終値 종가"
    ),
    word_set("volume price adj last kurs schluss preis prix precio prezzo temperature temp rate level co usage kwh mw"),
)
VALUES = TARGETS[0] | TARGETS[1] | TARGETS[2]
FLOWS = _SOLD | word_set(
    "counts purchases signups spend cost spent income payment payments paid order price_paid events n"
)
BESIDE = word_set(
    "temperature temp fuel cpi unemployment promo promotion onpromotion holiday flag lat latitude "
    "lon long longitude lng population pop forecast predicted prediction fcst plan budget "
    "humidity rh pressure barometer clouds wind discount markdown is weekend schoolholiday stateholiday open high low "
    "lag rank size area width height customers dayofweek dow weekday year month day week quarter semester half "
    "hour rownum row version yoy mom qoq hum revision code zip zipcode phone age precision lower upper se error "
    "prévision prognose previsión std stdev stderr ci pct share season isholiday workingday vol volume change chg hr "
    "yr mnth instant prev previous pre"
)
KEYS = word_set(
    "unique_id uniqueid id item items series store stores shop shops sku skus product products dept "
    "department firm name key region country state city site sensor station location branch category family "
    "brand channel customer account ticker symbol group meter building facility route line warehouse "
    "ean gtin upc isbn plu "
    "plant code nbr material werk filiale artikel produkt land stadt station boutique magasin produit pays ville "
    "tienda producto país ciudad negozio prodotto 店铺 商品 产品 城市 地区 门店 店舗 지역 geo"
)
COORDINATES = word_set("lat latitude lon long lng longitude")
HIGH_LOW = (  # prices of one day, of which the last is wanted
    word_set("high hoch tageshoch max alto máximo maximo haut najwyższy 最高 最高价 最高價 高値 고가"),
    word_set("low tief tagestief min bajo mínimo minimo bas najniższy 最低 最低价 最低價 安値 저가"),
)
ROWS = word_set(
    "no nr num number row rows rownum rowid id unique_id index idx instant obs seq record volgnr # 序号 sno srno lfd"
)
RECORDS = word_set("record rec recnbr recnum rn seq row rownum volgnr")
ISSUES = word_set(
    "issue issued issuedate vintage published publication publish release released revision revised "
    "asof as_of updated update modified created inserted ingested downloaded retrieved realtime "
    "knowledge reported extract extracted entry"
)
TOTALS = word_set(
    "total totals subtotal sum sums grand gesamt gesamtsumme gesamtergebnis summe average averages avg mean "
    "durchschnitt annual "
    "totaux somme moyenne suma totale media média promedio celkem razem всего итого 合计 总计 小计 合計 "
    "eindtotaal totalt totalsumma hovedtotal toplam součet итог végösszeg yhteensä gemiddelde średnia průměr среднее "
    "max min maximum minimum count std stdev median variance "
    "総計 小計 計 합계 총계 overall year ytd m13 q05 s03 fullyear"
)
NOTES = word_set(
    "note notes source sources remark remarks footnote footnotes disclaimer copyright quelle anmerkung "
    "anmerkungen hinweis fuente fonte nota notas nb legend 来源 注 注意 出典 출처 exported generated"
)
# of words in one, such as Meldejahr
_ENDS = word_set("datetime timestamp date datum week month quarter year monat jahr woche quartal 日期 时间 年月 月")
_NO_DATES = word_set("update candidate mandate validate 前月 先月 当月")


@cache
def split_name(name: str) -> tuple[str, ...]:
    """The words of a column's name, folded: `Weekly_Sales` and `weeklySales` have two."""
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    found = tuple(fold(word) for word in re.findall(r"[^\W\d_]+(?:\d+\b)?", parts))
    ends = (end for word in found for end in _ENDS if word.endswith(end) and word not in _NO_DATES)
    return tuple(dict.fromkeys((*found, fold(name.strip()), *ends)))


def says(name: str, words: frozenset[str]) -> bool:
    """Whether a column's name has one of the words in it."""
    return any(word in words for word in split_name(name))


def says_time(name: str) -> bool:
    """Whether a column's name says that it is a time: orderdate does, overtime and Latimer do not."""
    return says(name, TIME)


def is_date(name: str) -> bool:
    """Whether a column's whole name says that it has dates or periods: date and month do, time and step need not."""
    return fold(name.strip()) in DATES


def is_time_of_day(name: str) -> bool:
    """Whether a column's name says that its clocks are times: time, start time, but not handling time."""
    return fold(name.strip()) in TIME or says(name, STARTS | ENDS)


def is_total(text: str) -> bool:
    """Whether a cell names a total, an average or a note rather than a time or a series."""
    found = re.findall(r"[^\W\d_]+\d*", text)
    if found and fold(found[0]) in NOTES:
        return True
    return 0 < len(found) <= 5 and any(fold(word) in TOTALS for word in found)
