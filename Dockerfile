# The course in a container: for JupyterHub, Binder and any computer that has docker.
#   docker build -t catdog . && docker run --rm -p 8888:8888 catdog
# Binder and repo2docker need nothing else: they find this file, and set NB_USER and NB_UID.
FROM python:3.13-slim

ARG NB_USER=jovyan
ARG NB_UID=1000
ENV USER=${NB_USER} HOME=/home/${NB_USER}
RUN useradd --create-home --uid ${NB_UID} ${NB_USER}
COPY --chown=${NB_UID} . ${HOME}
WORKDIR ${HOME}
USER ${NB_USER}

# As on any other computer; with what hubs start a notebook server by.
RUN python run.py setup --cpu
RUN .venv/bin/python -m pip install --no-cache-dir -c constraints.txt notebook jupyterhub
ENV PATH=${HOME}/.venv/bin:${PATH}

EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser", "notebooks"]
