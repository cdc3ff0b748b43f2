"""What the demo of amenities consists of. Places are those of the public article; people, prices and numbers of rooms are invented."""

from __future__ import annotations

from datetime import date

FIRST = date(2019, 6, 1)
ARTICLE = date(2022, 10, 31)
# code, name, kind, area, seats, building in leasing
PLACES = (
    ("KYH", "科苑酒店", "hotel", None, None, None),
    ("CXG", "创新公寓", "talent_housing", 12_000, None, None),
    ("QNG", "青年公寓", "youth_housing", 9_000, None, None),
    ("XKY", "新科苑餐饮综合体", "canteen", 8_600, 3000, None),
    ("JZX", "集装箱餐饮小镇", "food_street", 5_200, 600, None),
    ("YLW", "印象·吟龙湾美食街区", "food_street", 21_000, None, "YLW"),
    ("EDU", "国际教育综合体", "education", 10_000, None, None),
    ("JKZ", "创新谷人才健康服务中心", "health", 2_300, None, None),
    ("GYM", "全民健身广场", "sports", 6_500, None, None),
    ("DJG", "创新谷党建广场", "culture", 4_000, None, None),
    ("XXQ", "“学习强国”主题广场", "culture", 3_200, None, None),
    ("DSL", "济宁党史文化长廊", "culture", 900, None, None),
)
TITLE = ("济宁市夜间经济示范街区", "济宁市商务局", date(2021, 9, 10))
OUTLETS = (("W1", "面食窗口", "canteen"), ("W2", "家常菜窗口", "canteen"), ("W3", "清真窗口", "canteen"), ("R1", "西餐厅", "restaurant"),
           ("S1", "咖啡轻食", "snack"), ("M1", "便民超市", "shop"))
PRICES = ("6.00", "12.00", "15.00", "18.00", "22.00")
NAMES = ("王磊", "李娜", "张伟", "刘洋", "陈晨", "杨帆", "赵敏", "黄强", "周婷", "吴昊", "徐静", "孙浩", "马丽", "朱军", "胡月", "郭涛")
CHILDREN = ("小米", "豆豆", "乐乐", "安安", "朵朵", "天天", "果果", "一一")
EVENTS = (
    ("生物医药项目融资路演", "roadshow", 120), ("产业链供需对接会", "matchmaking", 80), ("高企申报实务培训", "training", 60),
    ("软件企业政策沙龙", "salon", 40), ("创业者羽毛球赛", "culture", 64), ("创业担保贷款银企对接会", "matchmaking", 60),
)
QUESTIONS = (("总体满意度", "score", None), ("饭菜口味", "score", None), ("就餐等候时间", "score", None),
             ("最希望增加", "choice", "早餐品种\n夜宵\n清真窗口\n健康轻食"), ("意见和建议", "text", None))
