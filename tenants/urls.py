from django.urls import path

from tenants.views import language, sessions

urlpatterns = [
    path("", sessions.home, name="home"),
    path("login/", sessions.sign_in, name="login"),
    path("login/done/", sessions.signed_in, name="signed-in"),
    path("logout/", sessions.sign_out, name="logout"),
    path("language/", language.choose, name="language"),
]
