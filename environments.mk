# Written from environments.yaml by `python -m dbops.environments.makefile`; edit that file instead.
# `make backup` reads this one, so that a host needs no Python. Paths start where the Makefile is.
HASH := \#
CKSUM := 1443897007 6752
KNOWN := local_dev or dev, local_demo or demo, vm_stg or stg, vm_prod or prod
NAME.local_dev := local_dev
NAME.dev := local_dev
NAME.local_demo := local_demo
NAME.demo := local_demo
NAME.vm_stg := vm_stg
NAME.stg := vm_stg
NAME.vm_prod := vm_prod
NAME.prod := vm_prod
RETIRED.local_stg := vm_stg
RETIRED.local_prod := vm_prod
BACKEND.local_dev := embedded
BACKEND.local_demo := embedded
BACKEND.vm_stg := compose
BACKUP.vm_stg := --environment vm_stg --directory backups --keep 7 --database sanbou_stg --user postgres -- docker compose --project-directory=. --project-name=vm_stg --file=docker/docker-compose.stg.yml --env-file=.env.stg exec -T db
BACKEND.vm_prod := compose
BACKUP.vm_prod := --environment vm_prod --directory backups --keep 7 --database sanbou_prod --user postgres -- docker compose --project-directory=. --project-name=vm_prod --file=docker/docker-compose.prod.yml --env-file=.env.prod exec -T db
