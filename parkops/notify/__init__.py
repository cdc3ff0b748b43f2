"""Notifications: the bell, and by wish of each person e-mail and the robots of WeCom, DingTalk and Feishu."""
