"""api/users.py, api/account.py"""

from maasdoubles import db
from maasdoubles.region import oauth
from maasdoubles.region.api import router
from maasdoubles.region.api.router import Text, route


def to_dict(user):
    return {
        "is_superuser": user["is_superuser"],
        "username": user["username"],
        "email": user["email"] or "",
        "is_local": user["is_local"],
        "resource_uri": f"/MAAS/api/2.0/users/{user['username']}/",
    }


@route("users/", op="whoami")
def whoami(request):
    return to_dict(request.user)


@route("users/")
def read(request):
    found = db.rows(
        "SELECT auth_user.*, profile.is_local FROM auth_user JOIN maasserver_userprofile profile"
        " ON profile.user_id = auth_user.id WHERE username <> ALL(%s) ORDER BY username",
        list(oauth.SYSTEM_USERS),
    )
    return [to_dict(user) for user in found]


@route("users/", "POST", access="admin")
def create(request):
    username = request.mandatory("username")
    superuser = request.mandatory("is_superuser") in ("1", "true", "True")
    oauth.create_user(username, request.mandatory("email"), "!double", superuser)
    return to_dict({"is_superuser": superuser, "username": username, "email": request.mandatory("email"), "is_local": True})


@route("account/", op="list_authorisation_tokens")
def list_tokens(request):
    return [{"name": name, "token": ":".join(key)} for key, name in oauth.keys_of(request.user["id"])]


@route("account/", "POST", op="create_authorisation_token")
def create_token(request):
    name = request.parameter("name", "MAAS consumer")
    consumer, token, secret = oauth.create_key(request.user["id"], name)
    return {"token_key": token, "token_secret": secret, "consumer_key": consumer, "name": name}


@route("account/", "POST", op="delete_authorisation_token")
def delete_token(request):
    key = request.mandatory("token_key")
    found = db.execute("DELETE FROM piston3_token WHERE key = %s AND user_id = %s", key, request.user["id"])
    router.get_or_404(found or None, "Token")
    return Text("")
