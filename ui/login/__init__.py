"""Who a browser is, and how a reader logs in and out.

    who       a browser's cookie, or the reader who logged in, and their roles
    cookie    how any of our cookies is made and written
    page      the page where a reader logs in
    readers   the file of readers who may log in
    sessions  who is logged in, until when
    tries     log-ins that failed, and the wait for the next

Knows no room and no case.
"""

from ui.login.who import LOOPBACK, SESSION, Login, NoLogin, hashed, reader_id

__all__ = ["LOOPBACK", "SESSION", "Login", "NoLogin", "hashed", "reader_id"]
